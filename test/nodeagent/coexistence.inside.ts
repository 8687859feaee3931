import { spawn } from "node:child_process";
import { once } from "node:events";
import { execa } from "execa";
import type { NodeState } from "../../policies/nodestate.ts";
import { addPod, buildNetwork, sh } from "./network.ts";
import { PLAN, podHost } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass } from "./states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const POD = plan.pod(1, 5);
const ON_GATEWAY = plan.pod(2, 5);
const FLOATING = plan.inNodeSubnet(100);
const SERVICE = family === 4 ? "10.96.0." : "fd00:96::";
const [INSIDE, EXTERNAL] = [`${SERVICE}10`, `${SERVICE}20`];
const [PORT, NODE_PORT, HOST_PORT, FORBIDDEN_PORT] = [8080, 30_080, 9_090, 8_082];
const [node1, node2, outside] = [plan.inNodeSubnet(1), plan.inNodeSubnet(2), plan.inNodeSubnet(254)];

/** As kube-proxy, a CNI plugin's port mapping and a network policy have them, with their priorities and marks. */
async function addNeighbours(worker: 1 | 2): Promise<void> {
  const ip = family === 4 ? "ip" : "ip6";
  const to = (address: string) => (family === 4 ? `${address}:${PORT}` : `[${address}]:${PORT}`);
  const other = worker === 1 ? ON_GATEWAY : POD;
  const own = worker === 1 ? POD : ON_GATEWAY;
  await sh(
    `worker${worker}`,
    `nft -f - <<'END'
     table ${ip} kube {
       chain to_endpoint { type nat hook prerouting priority dstnat;
         ${ip} daddr ${INSIDE} tcp dport ${PORT} dnat to ${to(other)}
         ${ip} daddr ${EXTERNAL} tcp dport ${PORT} meta mark set meta mark or 0x4000 dnat to ${to(plan.witness)}
         fib daddr type local tcp dport ${NODE_PORT} meta mark set meta mark or 0x4000 dnat to ${to(other)}
         fib daddr type local tcp dport ${HOST_PORT} dnat to ${to(own)}
       }
       chain as_node { type nat hook postrouting priority srcnat;
         meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade
       }
       chain forbid { type filter hook forward priority filter;
         ct state established,related accept
         ct state invalid drop
         tcp dport ${FORBIDDEN_PORT} drop
       }
       chain marks { type filter hook prerouting priority mangle;
         iifname != "eth0" iifname != "egvx" meta mark set meta mark or 0x1000000 ct mark set ct mark or 0x2000000
       }
     }
END`,
  );
}

/** Tells each client which address it sees. */
async function startServers(...hosts: readonly string[]): Promise<void> {
  const server = `const { createServer } = require("node:net");
    const seen = (s) => s.on("error", () => {}).end(s.remoteAddress.replace("::ffff:", ""));
    createServer(seen).listen(${PORT}, () => createServer(seen).listen(${FORBIDDEN_PORT}, () => console.log("listening")))`;
  for (const host of hosts) {
    const child = spawn("nsenter", [`--net=/run/netns/${host}`, process.execPath, "-e", server], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
  }
}

async function seenFrom(host: string, address: string, port: number): Promise<string> {
  const seconds = port === FORBIDDEN_PORT ? "0.5" : "5";
  const script = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`;
  const { exitCode, stdout } = await execa(
    "nsenter",
    [`--net=/run/netns/${host}`, "timeout", seconds, "bash", "-c", script],
    { reject: false, stdin: "ignore" },
  );
  return exitCode === 0 ? stdout : "nothing";
}

const NAMES = new Map([
  ...[POD, ON_GATEWAY].map((ip) => [ip, podHost(ip)] as const),
  ...([
    [node1, "worker1"],
    [node2, "worker2"],
    [outside, "outside"],
    [FLOATING, "floating IP"],
  ] as const),
]);

const PROBES: Readonly<Record<string, readonly [from: string, address: string, port: number]>> = {
  "a selected pod to the outside": [podHost(POD), plan.witness, PORT],
  "the same from the gateway's node": [podHost(ON_GATEWAY), plan.witness, PORT],
  "a pod to a Service with an endpoint outside": [podHost(POD), EXTERNAL, PORT],
  "a pod to a pod": [podHost(POD), ON_GATEWAY, PORT],
  "a pod to a Service": [podHost(POD), INSIDE, PORT],
  "a pod to its own node's address": [podHost(POD), node1, PORT],
  "a pod to another node": [podHost(POD), node2, PORT],
  "a node to the outside": ["worker1", plan.witness, PORT],
  "a node to a selected pod": ["worker1", POD, PORT],
  "the outside to a host port": ["outside", node1, HOST_PORT],
  "the outside to a node port of a pod elsewhere": ["outside", node1, NODE_PORT],
  "what a network policy forbids": [podHost(POD), plan.witness, FORBIDDEN_PORT],
};

async function probeAll(): Promise<Readonly<Record<string, string>>> {
  const seen = await Promise.all(
    Object.entries(PROBES).map(async ([name, [from, address, port]]) => {
      const source = await seenFrom(from, address, port);
      return [name, NAMES.get(source) ?? source] as const;
    }),
  );
  return Object.fromEntries(seen);
}

async function converge(state: NodeState, known: readonly string[]): Promise<void> {
  const input = JSON.stringify({ state, attachments: known.map(attachment), interfaceName: null });
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  await execa("nsenter", [`--net=/run/netns/${state.node}`, process.execPath, script, input]);
}

await buildNetwork([family]);
for (const ip of [POD, ON_GATEWAY]) await addPod(ip);
for (const worker of [1, 2] as const) await addNeighbours(worker);
await startServers("outside", "worker1", "worker2", podHost(POD), podHost(ON_GATEWAY));

const before = await probeAll();
const selecting = { gateways: [gateway(1, 2, family)], classes: [podClass("web", [plan.outside, 1])] };
await converge(
  nodeState(2, { ...selecting, held: [{ ip: FLOATING, id: 1 }], pods: [pod(ON_GATEWAY, "web")] }, [family]),
  [ON_GATEWAY],
);
await converge(nodeState(1, { ...selecting, pods: [pod(POD, "web")] }, [family]), [POD]);
const after = await probeAll();
const marks = await sh(
  "worker1",
  `conntrack -L -f ipv${family} -s ${POD} -d ${plan.witness} 2> /dev/null | grep -o 'mark=[0-9]*' | sort -u`,
);
console.log(JSON.stringify({ before, after, marks: marks.split("\n") }));
process.exit(0);
