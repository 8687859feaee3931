/**
 * Two nodes, their pods and an outside host, as network namespaces on one switch. To be used inside a private place
 * (private.ts). Each node has strict reverse path filters and the ordinary masquerade of a CNI plugin.
 *
 * worker1 192.168.1.1 · worker2 192.168.1.2 · outside 198.51.100.10 behind 192.168.1.254 · pods 10.10.<worker>.0/24
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { podMac } from "./states.ts";

const WITNESS = "198.51.100.10";
const PORT = 8080;
const ECHO_PORT = 8081;

export async function sh(host: string | null, script: string): Promise<string> {
  const enter = host === null ? [] : ["nsenter", `--net=/run/netns/${host}`];
  const [program = "sh", ...args] = [...enter, "sh", "-ec", script];
  return (await execa(program, args, { stdin: "ignore" })).stdout;
}

export async function buildNetwork(): Promise<void> {
  await sh(null, "ip link add switch type bridge && ip link set switch up");
  await Promise.all([buildHost("worker1", "192.168.1.1"), buildHost("worker2", "192.168.1.2"), buildOutside()]);
  await Promise.all([buildNode(1, 2), buildNode(2, 1)]);
}

async function buildHost(host: string, ip: string): Promise<void> {
  await sh(
    null,
    `ip netns add ${host}
     ip link add name port-${host} type veth peer name eth0 netns ${host}
     ip link set dev port-${host} master switch up`,
  );
  await sh(host, `ip link set lo up; ip address add ${ip}/24 dev eth0; ip link set eth0 up`);
}

async function buildOutside(): Promise<void> {
  await buildHost("outside", "192.168.1.254");
  await sh("outside", `ip address add ${WITNESS}/24 dev lo`);
}

async function buildNode(worker: number, other: number): Promise<void> {
  await sh(
    `worker${worker}`,
    `ip route add default via 192.168.1.254
     ip route add 10.10.${other}.0/24 via 192.168.1.${other}
     cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 1 > conf/all/rp_filter; echo 1 > conf/default/rp_filter
     nft 'add table ip cni; add chain ip cni after { type nat hook postrouting priority srcnat; }'
     nft add rule ip cni after ip saddr 10.10.${worker}.0/24 ip daddr != 10.10.0.0/16 masquerade`,
  );
}

/** A pod on the node of its address, with the MAC address that `podMac` gives. */
export async function addPod(ip: string): Promise<void> {
  const [, , worker, number] = ip.split(".");
  const host = `pod-${worker}-${number}`;
  await sh(
    null,
    `ip netns add ${host}
     ip link add name veth${number} netns worker${worker} type veth peer name eth0 netns ${host} address ${podMac(ip)}`,
  );
  await sh(`worker${worker}`, `ip link set veth${number} up; ip route add ${ip} dev veth${number}`);
  // The node answers for the next hop, as Calico and others do it.
  await sh(`worker${worker}`, `echo 1 > /proc/sys/net/ipv4/conf/veth${number}/proxy_arp`);
  await sh(
    host,
    `ip link set lo up; ip address add ${ip}/32 dev eth0; ip link set eth0 up
     ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1 dev eth0`,
  );
}

const podHost = (ip: string) => `pod-${ip.split(".").slice(2).join("-")}`;

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
  const client = `const s = require("node:net").connect(${ECHO_PORT}, "${WITNESS}", () => setInterval(() => s.write("?"), 20));
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
 * @param expectHeld waits a short time only; else long enough for a busy machine
 */
export async function seenFrom(ip: string, expectHeld = false): Promise<string> {
  const script = `exec 3<>/dev/tcp/${WITNESS}/${PORT} && cat <&3`;
  const seconds = String(expectHeld ? HELD_SECONDS : ANSWER_SECONDS);
  const result = await execa("nsenter", [`--net=/run/netns/${podHost(ip)}`, "timeout", seconds, "bash", "-c", script], {
    reject: false,
    stdin: "ignore",
  });
  return result.exitCode === 0 ? result.stdout : "held";
}
