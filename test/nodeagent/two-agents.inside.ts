/** Two clusters' agents on one machine, each in a network namespace of its own, with the same names, numbers and addresses. */
import { execa } from "execa";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { sh } from "./network.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass } from "./states.ts";

const state = nodeState(1, {
  held: [{ ip: "192.168.1.100", id: 1 }],
  gateways: [gateway(1, 1), gateway(2, 2)],
  classes: [podClass("web", [OUTSIDE, 1])],
  pods: [pod("10.10.1.5", "web")],
});
const otherState = { ...state, held: [], classes: [podClass("db", [OUTSIDE, 2])], pods: [pod("10.10.1.6", "db")] };

async function inside(host: string, script: string, ...args: readonly string[]): Promise<string> {
  const path = new URL(script, import.meta.url).pathname;
  return (await execa("nsenter", [`--net=/run/netns/${host}`, process.execPath, path, ...args])).stdout;
}

async function converge(host: string, to: NodeState): Promise<NodeReport> {
  const attachments = to.pods.flatMap(({ ips }) => ips.map(attachment));
  return JSON.parse(
    await inside(host, "converge-here.ts", JSON.stringify({ state: to, attachments, interfaceName: null })),
  );
}

const uninstall = (host: string) => inside(host, "../../cli/sallyport.js", "uninstall");

/** Everything of the kernel's that an agent may touch, without what counts and what settles by itself. */
const everything = (host: string) =>
  sh(
    host,
    `nft -s list ruleset; ip -4 rule show; ip -6 rule show; ip -4 route show table all; ip -o link show | cut -d: -f2
     ip -o -4 address show; bridge fdb show; ip neigh show nud permanent; sysctl -a 2>/dev/null | grep -E 'rp_filter|src_valid|forward'`,
  );

for (const host of ["a", "b"]) {
  await sh(
    null,
    `ip netns add ${host}
     ip link add name eth0 netns ${host} type veth peer name far netns ${host}`,
  );
  await sh(
    host,
    "ip link set lo up; ip address add 192.168.1.1/24 dev eth0; ip link set eth0 up; ip link set far up; echo 1 > /proc/sys/net/ipv4/ip_forward",
  );
}

const before = await everything("a");
const reports = [await converge("a", state), await converge("b", otherState)];
const other = await everything("b");
await sh("a", "nft flush ruleset; ip rule delete preference 1000");
const repair = await converge("a", state);
const removed = (await uninstall("a")).split("\n");
const again = await uninstall("a");
const after = await everything("a");
const linesOnlyIn = (text: string, other: string) => {
  const others = new Set(other.split("\n"));
  return text.split("\n").filter((line) => !others.has(line));
};
console.log(
  JSON.stringify({
    outcomes: [...reports, repair].map(({ outcome, error }) => error ?? outcome),
    held: reports.map(({ kernel }) => kernel.held),
    removed,
    again,
    left: linesOnlyIn(after, before),
    lost: linesOnlyIn(before, after),
    otherUntouched: (await everything("b")) === other,
    otherAgain: (await converge("b", otherState)).changes,
  }),
);
