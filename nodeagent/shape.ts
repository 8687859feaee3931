/**
 * The shape of a Signal at the door. Everything in it ends as an argument of `nft`, `ip` or `bridge`, and as the truth by
 * which pods leave the cluster: what is not exactly as agreed is refused as a whole.
 */
import type { NodeState, PortBlock, Signal } from "../policies/nodestate.ts";
import { familyOf, isCanonicalAddress, isCanonicalPrefix } from "./addresses.ts";
import { ID_MASK } from "./constants.ts";
import { PORT_GROUP_SIZE } from "./skeleton/words.ts";

/** @returns the signal, or one line that says what is wrong with it. Fields that are not known are left alone. */
export function parseSignal(text: string, node: string): Signal | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  const fault = signalShape(value, "signal") ?? meaningFault(value as Signal, node);
  return fault ?? withLaterFields(value as Signal);
}

/** A reconciler, or a state file, of before there were leases, or port blocks. */
function withLaterFields(signal: Signal): Signal {
  const earlier = { lease: null, gatewayMode: "stateful", portBlock: null, sourceNodes: [] } as const;
  return { ...signal, state: { ...earlier, ...signal.state } };
}

export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);
}

/** @returns what is wrong, naming the field; `null` when nothing is. */
type Shape = (value: unknown, path: string) => string | null;

function fits(what: string, test: (value: unknown) => boolean): Shape {
  return (value, path) => (test(value) ? null : `${path} is not ${what}: ${JSON.stringify(value)?.slice(0, 80)}`);
}

function list(item: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return firstFault(value.map((entry, index) => () => item(entry, `${path}[${index}]`)));
  };
}

function record(fields: Readonly<Record<string, Shape>>): Shape {
  return (value, path) => {
    if (typeof value !== "object" || value === null) return `${path} is not an object`;
    const object = value as Readonly<Record<string, unknown>>;
    return firstFault(
      Object.entries(fields).map(
        ([name, shape]) =>
          () =>
            shape(object[name], `${path}.${name}`),
      ),
    );
  };
}

function firstFault(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const fault = check();
    if (fault !== null) return fault;
  }
  return null;
}

const integer = (least: number, most: number) =>
  fits(
    `an integer from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  );
// Names are printed and compared, never interpreted; control characters would forge log lines.
const name = fits("a name", (value) => typeof value === "string" && /^[^\p{Cc}]{1,512}$/u.test(value));
// The names of all policies that select a pod, joined.
const classKey = fits("a class", (value) => typeof value === "string" && /^[^\p{Cc}]+$/u.test(value));
const address = fits("an address in canonical form", (value) => typeof value === "string" && isCanonicalAddress(value));
const mac = fits("a MAC address in lower case", (value) => typeof value === "string" && isMac(value));
const cidr = fits("a prefix in canonical form", (value) => typeof value === "string" && isCanonicalPrefix(value));
const egressId = integer(1, ID_MASK);
const ipOfEachFamily: Shape = (value, path) =>
  list(address)(value, path) ??
  (Map.groupBy(value as string[], familyOf).size === (value as string[]).length
    ? null
    : `${path} has two addresses of one family`);

/** `node#disk`, see nodeagent/lease/witness-set.ts. */
const witness = fits(
  "a witness",
  (value) => typeof value === "string" && /^(_reconciler|[a-z0-9.-]{1,253})#[a-zA-Z0-9-]{1,64}$/.test(value),
);
const publicKey = fits(
  "an X25519 key as base64url",
  (value) => typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value),
);
const isTrue = fits("true", (value) => value === true);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const optional =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined ? null : shape(value, path);
const nullable =
  (shape: Shape): Shape =>
  (value, path) =>
    value === null ? null : shape(value, path);

const leaseShape = record({
  addresses: list(
    record({
      ip: address,
      id: egressId,
      candidates: list(name),
      holder: nullable(record({ node: name, epoch: count })),
      releaseEpoch: optional(count),
    }),
  ),
  nodes: list(record({ node: name, underlayIP: address, mac })),
  floatingIPs: list(address),
  gatewayMacs: list(mac),
  witnesses: record({ version: count, members: list(witness) }),
  targetWitnesses: nullable(list(witness)),
  peers: list(record({ node: name, ip: address, publicKey })),
});

/** Rules and elements name whole groups of ports, so a block that is cut otherwise would reach into its neighbour. */
const portBlock: Shape = (value, path) =>
  record({ firstPort: integer(1024, 65_535), ports: integer(PORT_GROUP_SIZE, 1024) })(value, path) ??
  fits(
    "whole groups of ports",
    (block) =>
      (block as PortBlock).ports % PORT_GROUP_SIZE === 0 &&
      (block as PortBlock).firstPort % (block as PortBlock).ports === 0,
  )(value, path);

const signalShape = record({
  generation: integer(1, Number.MAX_SAFE_INTEGER),
  hash: name,
  state: record({
    node: name,
    underlayIP: address,
    mac,
    overlay: record({ vni: integer(1, 0xffffff), port: integer(1, 0xffff) }),
    podCIDRs: list(cidr),
    noEgressCIDRs: list(cidr),
    nodeIPs: list(address),
    destinations: list(cidr),
    held: list(record({ ip: address, id: egressId })),
    gateways: list(record({ id: egressId, node: name, underlayIP: address, mac })),
    gatewayMode: optional(fits("a gateway mode", (value) => value === "stateful" || value === "stateless")),
    portBlock: optional(nullable(portBlock)),
    sourceNodes: optional(list(record({ node: name, underlayIP: address, mac, block: portBlock }))),
    lease: optional(nullable(leaseShape)),
    classes: list(
      record({ key: classKey, rules: list(record({ cidr, id: egressId, policy: name, nodeIP: optional(isTrue) })) }),
    ),
    pods: list(
      record({
        namespace: name,
        name,
        uid: name,
        ips: ipOfEachFamily,
        class: fits("a class or null", (value) => value === null || classKey(value, "") === null),
      }),
    ),
  }),
});

/** What each field alone cannot show. */
function meaningFault({ state }: Signal, node: string): string | null {
  if (state.node !== node) return `it is for node ${state.node}`;
  const classes = new Set(state.classes.map(({ key }) => key));
  const lost = state.pods.find((pod) => pod.class !== null && !classes.has(pod.class));
  if (lost) return `pod ${lost.namespace}/${lost.name} has a class that the signal does not describe: ${lost.class}`;
  return (
    repeated("signal.held", state.held, ({ id }) => id) ??
    repeated("signal.held", state.held, ({ ip }) => ip) ??
    repeated("signal.gateways", state.gateways, ({ id }) => id) ??
    repeated("signal.lease.addresses", state.lease?.addresses ?? [], ({ id }) => id) ??
    repeated("signal.lease.addresses", state.lease?.addresses ?? [], ({ ip }) => ip) ??
    repeated("signal.lease.peers", state.lease?.peers ?? [], ({ node: peer }) => peer) ??
    repeated("signal.lease.peers", state.lease?.peers ?? [], ({ ip }) => ip) ??
    repeated("signal.sourceNodes", state.sourceNodes ?? [], ({ mac: nodeMac }) => nodeMac) ??
    sharedPorts(state) ??
    repeated("signal.classes", state.classes, ({ key }) => key) ??
    repeated("signal.pods", state.pods, (pod) => `${pod.namespace}/${pod.name}/${pod.uid}`)
  );
}

/** Answers to one of them would go to the other. */
function sharedPorts({ portBlock: own, sourceNodes }: NodeState): string | null {
  const blocks = [...(own ? [own] : []), ...(sourceNodes ?? []).map(({ block }) => block)];
  const inOrder = blocks.toSorted((a, b) => a.firstPort - b.firstPort);
  const shared = inOrder.find((block, index) => {
    const before = inOrder[index - 1];
    return before !== undefined && before.firstPort + before.ports > block.firstPort;
  });
  return shared === undefined ? null : `two nodes have port ${shared.firstPort}`;
}

function repeated<T>(path: string, items: readonly T[], keyOf: (item: T) => string | number): string | null {
  const seen = new Set<string | number>();
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) return `${path} names ${key} twice`;
    seen.add(key);
  }
  return null;
}
