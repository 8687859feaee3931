/** Dataplanes whose packets do not pass netfilter: our rules would hold nothing, and say they do. */
import { blocks, type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { type ListedLink, listLinks, uplinkName } from "./links.ts";
import { type NodeView, readJson } from "./node-view.ts";

export const bypassChecks: readonly Check[] = [
  { id: "dataplane", title: "pods' packets pass netfilter", find: findDataplane },
  { id: "uplink-programs", title: "no other program handles packets on the underlay interface", find: findPrograms },
];

const CILIUM_CURE =
  "sallyport cannot work beside Cilium's eBPF dataplane (GKE Dataplane V2 is one): use Cilium's own egress gateway, or another CNI";
const CALICO_CURE = "set bpfEnabled to false in Calico's FelixConfiguration";

interface Trace {
  readonly test: (link: ListedLink) => boolean;
  readonly whose: string;
  readonly cure: string;
}

const devices: readonly Trace[] = [
  { test: ({ ifname }) => /^cilium_(host|net|vxlan|geneve)$/.test(ifname), whose: "Cilium", cure: CILIUM_CURE },
  { test: ({ ifname }) => /^bpf(in|out)\.cali$/.test(ifname), whose: "Calico's eBPF dataplane", cure: CALICO_CURE },
  {
    test: ({ linkinfo }) => linkinfo?.info_kind === "netkit",
    whose: "an eBPF dataplane (netkit devices)",
    cure: CILIUM_CURE,
  },
];

const CNI_CONFIGURATION = "/etc/cni/net.d";

/** One finding: each trace alone says enough. */
async function findDataplane(node: NodeView): Promise<readonly Finding[] | null> {
  const links = await listLinks(node);
  if (links === null) return null;
  for (const { test, whose, cure } of devices) {
    const link = links.find(test);
    if (link) return [blocks(`${whose} handles pods' packets, beside netfilter (device ${link.ifname})`, cure)];
  }
  const configuration = await ciliumConfiguration(node);
  if (configuration !== null) return [blocks(`the CNI of this node is Cilium (${configuration})`, CILIUM_CURE)];
  const pinned = await node.names("/sys/fs/bpf/tc/globals");
  const name = pinned.find((entry) => /^(cilium|cali)_/.test(entry));
  if (name === undefined) return [];
  return [
    warns(
      `the eBPF map ${name} is left of a dataplane that may handle packets beside netfilter`,
      "remove what is left of it, or restart the node",
    ),
  ];
}

async function ciliumConfiguration(node: NodeView): Promise<string | null> {
  const files = (await node.names(CNI_CONFIGURATION)).filter((name) => /\.conf(list)?$/.test(name)).toSorted();
  for (const name of files) {
    const text = await node.read(`${CNI_CONFIGURATION}/${name}`);
    if (text !== null && /"type"\s*:\s*"cilium-cni"/.test(text)) return `${CNI_CONFIGURATION}/${name}`;
  }
  return null;
}

interface ListedFilter {
  readonly kind?: string;
  readonly options?: { readonly bpf_name?: string };
}

async function findPrograms(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const links = await listLinks(node);
  const uplink = await uplinkName(node, settings);
  if (links === null || uplink === null) return null;
  const hasXdp = links.some(({ ifname, xdp }) => ifname === uplink && xdp !== undefined);
  const filters = await Promise.all(["ingress", "egress"].map((direction) => listFilters(node, uplink, direction)));
  const names = filters
    .flat()
    .flatMap(({ kind, options }) => (kind === "bpf" ? (options?.bpf_name ?? "without a name") : []));
  const dataplane = names.find((name) => /^cil_|^bpf_host|^bpf_lxc|^cali_|^calico/.test(name));
  if (dataplane !== undefined) {
    const cure = /^cali/.test(dataplane) ? CALICO_CURE : CILIUM_CURE;
    return [blocks(`the eBPF program ${dataplane} on ${uplink} handles packets beside netfilter`, cure)];
  }
  const programs = [...(hasXdp ? ["an XDP program"] : []), ...new Set(names.map((name) => `the eBPF program ${name}`))];
  return programs.map((program) =>
    warns(
      `${program} on ${uplink} may handle packets beside netfilter`,
      "make sure that it neither redirects nor answers packets of pods and floating IPs",
    ),
  );
}

/** Nothing where there is no tc, or no hook on the device. */
async function listFilters(node: NodeView, device: string, direction: string): Promise<readonly ListedFilter[]> {
  return (await readJson<readonly ListedFilter[]>(node, "tc", "-j", "filter", "show", "dev", device, direction)) ?? [];
}
