/**
 * Two nodes, their pods and an outside host, as network namespaces on one switch. To be used inside a private place
 * (private.ts). Each node has strict reverse path filters and the ordinary masquerade of a CNI plugin.
 *
 * worker1 192.168.1.1 · worker2 192.168.1.2 · outside 198.51.100.10 behind 192.168.1.254 · pods 10.10.<worker>.0/24
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { execa } from "execa";
import { podMac } from "./states.ts";

export const WITNESS = "198.51.100.10";
const PORT = 8080;

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

export const podHost = (ip: string) => `pod-${ip.split(".").slice(2).join("-")}`;

/** The outside host tells each client the source address it saw. */
export async function startWitness(): Promise<void> {
  const server = `require("node:net").createServer((s) => s.on("error", () => {}).end(s.remoteAddress.replace("::ffff:", "")))
    .listen(${PORT}, () => console.log("listening"))`;
  const child = spawn("nsenter", ["--net=/run/netns/outside", process.execPath, "-e", server], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
}

/** The source address the outside host saw, or `held` when no connection came about within the time. */
export async function seenFrom(ip: string, to = WITNESS, timeoutSeconds = 0.6): Promise<string> {
  const script = `exec 3<>/dev/tcp/${to}/${PORT} && cat <&3`;
  const result = await execa(
    "nsenter",
    [`--net=/run/netns/${podHost(ip)}`, "timeout", String(timeoutSeconds), "bash", "-c", script],
    { reject: false, stdin: "ignore" },
  );
  return result.exitCode === 0 ? result.stdout : "held";
}
