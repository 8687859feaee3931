/**
 * Every code a finding can have, with what it means. Codes are never renamed. docs/findings.md says the same words, with
 * an example for each.
 */
export const CODES = {
  "too-large": "A file is larger than 1 MiB. Nothing of it is read.",
  "symlink-outside": "A symbolic link leads to no file of the same tree. It is never followed.",
  submodule: "Another repository stands where manifests are expected; its content is not part of the commit.",
  "not-a-file": "A pipe, a socket or a device.",
  "unsafe-name": "The path cannot be printed or leads out of the tree.",
  missing: "The file or folder that was to be read does not exist.",
  unreadable: "The operating system refuses.",
  "tree-too-large": "The tree is beyond every limit; none of it is read.",
  "path-case": "Two paths differ only by case. Git keeps both, many file systems keep one.",
  encoding: "The file is not UTF-8.",
  "nul-character": "The file contains U+0000: it is binary, or was cut by a crash.",
  "byte-order-mark": "The file begins with U+FEFF. It is read, but other tools may take it for part of the first key.",
  "carriage-return":
    "Lines end in CR LF. They are read, but every tool that rewrites the file shows it as changed as a whole.",
  yaml: "The document is not YAML. Other documents of the same file are read.",
  tab: "A tab in the indentation. YAML has no rule for how wide it is.",
  "control-character": "A character that YAML does not allow, often pasted from a terminal.",
  "too-deep": "Collections are nested deeper than 100 levels.",
  "alias-unknown": "An alias without its anchor.",
  "alias-cycle": "An alias inside the node it names.",
  "alias-expansion": "The aliases of one document stand for more than 10,000 nodes.",
  "duplicate-key": "A key stands twice in one mapping; parsers disagree on which counts.",
  "merge-key": "`<<` merges are not part of YAML 1.2. An alias for a whole value works.",
  "key-not-text": "A list or a mapping as key.",
  tag: "A tag other than `!!str`, `!!map` and `!!seq`.",
  "typographic-character":
    "A word processor or a web page put another character in the place of the one YAML knows: a dash or bullet before a list item, quotes, a colon, a space, or an invisible character. The document is read as if it were right, so that its other mistakes are told as well. `check --fix` repairs it.",
  "missing-colon": "A field without its colon. `check --fix` repairs it.",
  "missing-space": "No space behind the colon of a field or the hyphen of an item. `check --fix` repairs it.",
  "indented-separator":
    "A text that was pasted with the indentation it had in print: `---` separates documents only at the margin. `check --fix` repairs it.",
  placeholder: "A line of only `...`, as documents print it for lines they leave out.",
  "unknown-kind": "Nearly one of the kinds. A difference of case only is repaired by `check --fix`.",
  "unknown-api-version": "One of the kinds in a version that does not exist.",
  "other-dialect":
    "GKE on Google Cloud has an EgressNATPolicy of its own that *exempts* traffic from NAT. It is refused, and nothing else in it is judged.",
  "unknown-field": "A field the kind does not have.",
  "missing-field": "A field the kind needs.",
  "wrong-type": "A list, a mapping or text where another of them is needed.",
  "unknown-value": "A value that is not one of those the field allows.",
  "out-of-range": "A number outside its range.",
  "empty-list": "A policy without sources selects no pods; one without destinations matches no traffic.",
  "floating-ips-empty": "A group without addresses.",
  "namespace-ignored": "A namespace on a cluster-scoped kind.",
  "unknown-annotation": "An annotation under `sallyport.dev/` that means nothing.",
  "unquoted-boolean":
    "`yes`, `no`, `on`, `off`, `y` and `n` without quotes: text for YAML 1.2 and for Sallyport, a boolean for kubectl, which then refuses it.",
  "selector-absent": "A source without one of its selectors takes everything, as with `{}`. That is rarely meant.",
  "too-many-findings": "A file with more than 200 findings; the rest is not listed.",
  "invalid-name": "A name or namespace Kubernetes does not accept.",
  "invalid-label": "A label key or value Kubernetes does not accept.",
  "operator-values":
    "`In` and `NotIn` need values, `Exists` and `DoesNotExist` take none. A source with such a selector selects nothing.",
  "invalid-address": "Not an IPv4 or IPv6 address.",
  "leading-zero": "A leading zero is octal to some programs and decimal to others.",
  "address-with-length": "A prefix where one address is wanted.",
  "address-range": "A range where one address is wanted.",
  "invalid-cidr": "Not a prefix.",
  "cidr-without-length": "An address where a prefix is wanted.",
  "host-bits": "Bits behind the prefix length are set: either the length or the address is wrong.",
  "invalid-duration": "A poll interval that is no duration of whole seconds from 1s to 24h.",
  "invalid-schedule": "A schedule that is no cron expression of five fields.",
  "default-gateway-outside-subnets":
    "A default gateway in none of the declared subnets of the nodes: one of the two is wrong. The link-local addresses of IPv6 routers are fine.",
  "shared-port": "The overlay at a port where other VXLAN devices usually listen.",
  "floating-ip-repeated": "An address twice in one group.",
  "floating-ip-not-in-default":
    "Only `kube-system/default` is allocated. An address of another group must stand there as well, else it is never allocated and the policies that use it are not ready.",
  "default-group-missing": "There are groups, but no `kube-system/default`.",
  "floating-ip-shared":
    "Two groups beside the default one have the same address. Their policies then leave with one address.",
  "floating-ip-unusable":
    "An address no node can hold: loopback, link-local, multicast, reserved, or the network or broadcast address of its subnet.",
  "floating-ip-outside-subnets": "The EgressCluster declares the nodes' subnets, and the address is in none of them.",
  "floating-ip-overlap": "An address among the pods' or the services'.",
  "gateway-ref-unknown": "`gatewayRef` names no group. The policy is not applied.",
  "gateway-ref-empty": "`gatewayRef` names a group without addresses.",
  "gateway-ref-shared":
    "Two policies refer to one group. In a cluster the one that was ready stays; in the text it is told at the name that sorts later.",
  "further-ips-ignored": "A policy uses the first address of its group only.",
  "destination-repeated": "A destination twice in one policy.",
  "destination-in-cluster":
    "A destination within the pods', the services' or the declared no-egress prefixes never takes the egress path.",
  "destination-never-routed": "A gateway cannot carry link-local and multicast traffic, so no policy decides about it.",
  "family-mismatch": "An IPv6 destination with an IPv4 floating IP, or the reverse.",
  "empty-tree":
    'Nothing in the tree is Sallyport\'s. A commit like that is rejected and not taken for "remove all egress"; only `check` says nothing, for it may have been given a part of the tree.',
  "duplicate-object": "One kind, namespace and name twice. The first by path and place counts.",
  "second-cluster": "A tree describes one cluster.",
  "switch-off":
    "The tree holds the user cluster configuration, and `enableDataplaneV2` or `advancedNetworking` is not true there: nothing is applied.",
  "node-subnets-missing":
    "No `nodeSubnets` are declared, so no address can be allocated: Kubernetes does not tell a node's prefix length.",
  "pod-cidrs-missing":
    "No `podCIDRs` of this family are declared, so no address of it can be allocated: agents hold pods they do not know yet by these prefixes.",
  "floating-ip-is-node-address": "A node has this address already.",
  "floating-ip-subnet-without-node": "The address lies in a declared subnet, but no node does.",
  "too-many-floating-ips": "More addresses than egress ids (16,383).",
  "node-outside-node-subnets": "Nodes without an address in `nodeSubnets`: no policy reaches their pods.",
  "node-without-port-block":
    "Gateways are stateless, and there are nodes that no ports are left for: what policies select there is held.",
  "policy-shadowed": "For some pods another policy decides about the same traffic.",
} as const;

export type Code = keyof typeof CODES;
