/** Cuts a pass short before each of its writes in turn, and lets the next pass begin from what it left behind. */
import { converge } from "../../nodeagent/converge.ts";
import { type Kernel, openKernel } from "../../nodeagent/kernel/kernel.ts";
import { uninstall } from "../../nodeagent/uninstall.ts";
import type { NodePod, NodeState } from "../../policies/nodestate.ts";
import { sh } from "./network.ts";
import { PLAN } from "./plan.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass, statelessly } from "./states.ts";

const PODS = [5, 6].map((number) => [PLAN[4].pod(1, number), PLAN[6].pod(1, number)] as const);
const READS = ["links", "rules", "routes", "neighbours", "forwarding", "list", "read"];

const before = nodeState(
  1,
  {
    held: [
      { ip: "192.168.1.100", id: 1 },
      { ip: "fd00:1::100", id: 3 },
    ],
    gateways: [gateway(1, 1), gateway(2, 2), gateway(3, 1)],
    classes: [podClass("a", [OUTSIDE, 1], [PLAN[6].outside, 3]), podClass("b", ["198.51.100.7/32", 1], [OUTSIDE, 2])],
    pods: podsOf("a", "b"),
  },
  [4, 6],
);
/** The gateways changed places, the classes their destinations. */
const after = nodeState(
  1,
  {
    held: [
      { ip: "192.168.1.101", id: 2 },
      { ip: "fd00:1::101", id: 4 },
    ],
    gateways: [gateway(1, 2), gateway(2, 1), gateway(3, 2), gateway(4, 1)],
    classes: [
      podClass("a", [OUTSIDE, 2], [PLAN[6].outside, 4]),
      podClass("b", ["203.0.113.0/24", 1], ["2001:db8:203::/64", 3]),
    ],
    destinations: [OUTSIDE, "203.0.113.0/24", PLAN[6].outside, "2001:db8:203::/64"],
    pods: podsOf("b", null),
  },
  [4, 6],
);

function inStateless(state: NodeState): NodeState {
  return statelessly(state, [
    { ip: "192.168.1.100", id: 1 },
    { ip: "192.168.1.101", id: 2 },
    { ip: "fd00:1::100", id: 3 },
    { ip: "fd00:1::101", id: 4 },
  ]);
}

function podsOf(...classes: readonly (string | null)[]): NodePod[] {
  return PODS.map(([ip, ...others], index) => pod(ip, classes[index] ?? null, ...others));
}

const real: Kernel = { ...openKernel(), announcer: { announce: async () => {} } };

/** A kernel whose tools fail after so many writes. */
function failingAfter(writes: number): Kernel {
  let left = writes;
  const guarded = <Door extends object>(door: Door): Door =>
    new Proxy(door, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        if (READS.includes(String(name))) return method;
        return async (...args: unknown[]) => {
          if (left === 0) throw new Error("cut short");
          left -= 1;
          return method(...args);
        };
      },
    });
  const { nft, ip, conntrack, announcer, prober, sysctl } = real;
  return {
    nft: guarded(nft),
    ip: guarded(ip),
    conntrack: guarded(conntrack),
    announcer,
    prober,
    sysctl: guarded(sysctl),
  };
}

const pass = (state: NodeState, kernel = real) =>
  converge({ state, attachments: PODS.flat().map(attachment), interfaceName: null }, kernel, () => {});

interface Outcome {
  readonly writes: number;
  readonly failures: readonly string[];
}

async function interruptEverywhere(from: NodeState | null, to: NodeState): Promise<Outcome> {
  const failures: string[] = [];
  for (let writes = 0; ; writes += 1) {
    await uninstall(real);
    if (from) await pass(from);
    const cut = await pass(to, failingAfter(writes));
    const next = await pass(to);
    // Without an error it was also seen that nothing is left to do.
    if (next.error !== null) failures.push(`after ${writes} writes: ${next.error}`);
    if (cut.error === null) return { writes, failures: [...failures, ...next.changes] };
    if (cut.error !== "cut short") failures.push(`after ${writes} writes: ${cut.error}`);
  }
}

await sh(
  null,
  `ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up
   ip address add 192.168.1.1/24 dev eth0; ip address add fd00:1::1/64 dev eth0 nodad
   echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
   echo 1 > /proc/sys/net/ipv4/ip_forward`,
);
const outcome = {
  fromNothing: await interruptEverywhere(null, before),
  fromAnotherState: await interruptEverywhere(before, after),
  fromStatelessState: await interruptEverywhere(inStateless(before), inStateless(after)),
  toStateless: await interruptEverywhere(before, inStateless(after)),
  toStateful: await interruptEverywhere(inStateless(before), after),
  uninstalled: (await uninstall(real)).length > 0 && (await uninstall(real)).length === 0,
  left: await sh(
    null,
    "nft list tables; { ip rule show; ip -6 rule show; } | grep -v 'lookup local\\|lookup main\\|lookup default' || true; ip -o link show egvx 2>/dev/null || true; ip route show table 7790 2>/dev/null || true; ip -6 route show table 7790 2>/dev/null || true; ip -o address show | grep -e :sp -e 7790 -e 'fd00:1::10[01]' || true",
  ),
};
console.log(JSON.stringify(outcome));
