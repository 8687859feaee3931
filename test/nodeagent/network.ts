/**
 * Two nodes, their pods and an outside host, as network namespaces on one switch, with the addresses of plan.ts. To be
 * used inside a private place (private.ts). Each node has strict reverse path filters and the ordinary masquerade of a
 * CNI plugin.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { type Family, familyOf } from "../../nodeagent/addresses.ts";
import { PLAN, podHost, podMac, podOf, witnessFor } from "./plan.ts";

const OUTSIDE_LEG = 254;
const PORT = 8080;
const ECHO_PORT = 8081;

export async function sh(host: string | null, script: string): Promise<string> {
  const enter = host === null ? [] : ["nsenter", `--net=/run/netns/${host}`];
  const [program = "sh", ...args] = [...enter, "sh", "-ec", script];
  return (await execa(program, args, { stdin: "ignore" })).stdout;
}

/** @param families that nodes and the outside host have addresses of */
export async function buildNetwork(families: readonly Family[] = [4]): Promise<void> {
  await sh(null, "ip link add switch type bridge && ip link set switch up");
  await Promise.all([
    buildHost("worker1", 1, families),
    buildHost("worker2", 2, families),
    buildHost("outside", OUTSIDE_LEG, families),
  ]);
  await Promise.all([
    buildNode(1, 2, families),
    buildNode(2, 1, families),
    sh(
      "outside",
      families.map((family) => `ip address add ${PLAN[family].witness}/${WIDTH[family]} dev lo`).join("\n"),
    ),
  ]);
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** A host on the switch, without addresses. */
export async function addHost(host: string): Promise<void> {
  await sh(
    null,
    `ip netns add ${host}
     ip link add name port-${host} type veth peer name eth0 netns ${host}
     ip link set dev port-${host} master switch up`,
  );
  await sh(host, `${WITHOUT_DETECTION}; ip link set lo up; ip link set eth0 up`);
}

async function buildHost(host: string, number: number, families: readonly Family[]): Promise<void> {
  await addHost(host);
  for (const family of families) {
    const { inNodeSubnet, nodePrefixLength } = PLAN[family];
    await sh(host, `ip address add ${inNodeSubnet(number)}/${nodePrefixLength} dev eth0`);
  }
}

/** Duplicate address detection would make every address wait a second. */
const WITHOUT_DETECTION =
  "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad";

async function buildNode(worker: number, other: number, families: readonly Family[]): Promise<void> {
  const host = `worker${worker}`;
  for (const family of families) {
    const { inNodeSubnet, podCIDR, podCIDROf } = PLAN[family];
    const ip = family === 4 ? "ip" : "ip6";
    await sh(
      host,
      `ip route add default via ${inNodeSubnet(OUTSIDE_LEG)}
       ip route add ${podCIDROf(other)} via ${inNodeSubnet(other)}
       echo 1 > /proc/sys/net/${family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding"}
       nft 'add table ${ip} cni; add chain ${ip} cni after { type nat hook postrouting priority srcnat; }'
       nft add rule ${ip} cni after ${ip} saddr ${podCIDROf(worker)} ${ip} daddr != ${podCIDR} masquerade`,
    );
  }
  await sh(host, "cd /proc/sys/net/ipv4; echo 1 > conf/all/rp_filter; echo 1 > conf/default/rp_filter");
}

/**
 * A pod on the node of its address, with the MAC address that `podMac` gives.
 *
 * @param ips of one pod, at most one of each family
 */
export async function addPod(...ips: readonly [string, ...string[]]): Promise<void> {
  const [ip] = ips;
  const { worker, number } = podOf(ip);
  const [host, node, veth] = [podHost(ip), `worker${worker}`, `veth${number}`];
  await sh(
    null,
    `ip netns add ${host}
     ip link add name ${veth} netns ${node} type veth peer name eth0 netns ${host} address ${podMac(ip)}`,
  );
  await sh(host, WITHOUT_DETECTION);
  await sh(node, `echo 0 > /proc/sys/net/ipv6/conf/${veth}/accept_dad; ip link set ${veth} up`);
  await sh(host, "ip link set lo up; ip link set eth0 up");
  for (const each of ips) {
    await sh(
      node,
      `ip route add ${each} dev ${veth}; ${familyOf(each) === 4 ? answerForNextHop(veth) : `ip address add fe80::1/64 dev ${veth}`}`,
    );
    await sh(host, `ip address add ${each}/${WIDTH[familyOf(each)]} dev eth0; ${toNextHop(familyOf(each))}`);
  }
}

/** As Calico and others do it. */
function answerForNextHop(veth: string): string {
  return `echo 1 > /proc/sys/net/ipv4/conf/${veth}/proxy_arp`;
}

function toNextHop(family: Family): string {
  return family === 4
    ? "ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1 dev eth0"
    : "ip route add default via fe80::1 dev eth0";
}

/** The outside host tells each client the source address it saw: once, or as often as the client says something. */
export async function startWitness(): Promise<void> {
  const server = `const { createServer } = require("node:net");
    const seen = (socket) => socket.on("error", () => {}).remoteAddress.replace("::ffff:", "");
    createServer((s) => s.end(seen(s))).listen(${PORT}, () =>
      createServer((s) => s.on("data", () => s.write(seen(s) + "\\n"))).listen(${ECHO_PORT}, () => console.log("listening")))`;
  const child = spawn("nsenter", ["--net=/run/netns/outside", process.execPath, "-e", server], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
}

export interface Connection {
  /** Resolves with the address in the next answer, `closed` when the connection was reset, `silent` after 5 s. */
  next(): Promise<string>;
}

/** A connection of a pod to the outside host that asks every 20 ms which address is seen. */
export function openConnection(ip: string): Connection {
  const client = `const s = require("node:net").connect(${ECHO_PORT}, "${witnessFor(ip)}", () => setInterval(() => s.write("?"), 20));
    s.on("data", (data) => console.log(String(data))).on("error", () => {}).on("close", () => process.exit())`;
  const child = spawn("nsenter", [`--net=/run/netns/${podHost(ip)}`, process.execPath, "-e", client], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let ended = false;
  child.stdout.on("end", () => {
    ended = true;
  });
  return {
    async next() {
      if (ended) return "closed";
      const answer = once(child.stdout, "data").then(([data]) => lastLine(String(data)));
      const end = once(child.stdout, "end").then(() => "closed");
      return Promise.race([answer, end, delay(5_000, "silent")]);
    },
  };
}

/** Answers that arrive together count as the newest of them. */
function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Enough for an answer, short enough to wait for none. */
const HELD_SECONDS = 0.8;
const ANSWER_SECONDS = 5;

/**
 * The source address the outside host saw, or `held` when no connection came about.
 *
 * @param ip of the pod; the connection is of its family
 * @param expectHeld waits a short time only; else long enough for a busy machine
 */
export async function seenFrom(ip: string, expectHeld = false): Promise<string> {
  const script = `exec 3<>/dev/tcp/${witnessFor(ip)}/${PORT} && cat <&3`;
  const seconds = String(expectHeld ? HELD_SECONDS : ANSWER_SECONDS);
  const result = await execa("nsenter", [`--net=/run/netns/${podHost(ip)}`, "timeout", seconds, "bash", "-c", script], {
    reject: false,
    stdin: "ignore",
  });
  return result.exitCode === 0 ? result.stdout : "held";
}
