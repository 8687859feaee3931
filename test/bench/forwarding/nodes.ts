/**
 * The nodes that are compared, each a network namespace with a peer on either side: `pods` and `eth0`. To be used inside
 * a private place.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { GatewayMode } from "../../../policies/nodestate.ts";
import { sh } from "../../nodeagent/network.ts";
import {
  egressId,
  floatingIPsOf,
  NODE_IP,
  NODE_OVERLAY_MAC,
  OVERLAY,
  PEER_IP,
  PEER_OVERLAY_MAC,
  POD_CIDR,
  podIP,
  policyOf,
  prefixesOf,
  type Role,
  type World,
} from "./world.ts";

export interface Node {
  readonly name: string;
  readonly podsMac: string;
  readonly uplinkMac: string;
  readonly peerMac: string;
}

/** A node that only forwards and tracks connections, as every node with kube-proxy does. Its peers drop what arrives. */
export async function addNode(name: string): Promise<Node> {
  const [podsMac, uplinkMac, peerMac] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"] as const;
  await sh(
    null,
    `for host in ${name} ${name}-in ${name}-out; do ip netns add $host; done
     ip link add eth0 netns ${name}-in type veth peer name pods netns ${name} address ${podsMac}
     ip link add eth0 address ${uplinkMac} netns ${name} type veth peer name eth0 netns ${name}-out address ${peerMac}`,
  );
  for (const peer of [`${name}-in`, `${name}-out`]) {
    await sh(
      peer,
      `ip link set eth0 up
       nft 'add table netdev peer; add chain netdev peer in { type filter hook ingress device eth0 priority 0; policy drop; }'`,
    );
  }
  await sh(
    name,
    `ip link set lo up; ip link set pods up; ip address add ${NODE_IP}/16 dev eth0; ip link set eth0 up
     ip route add ${POD_CIDR} dev pods
     ip route add default via ${PEER_IP}; ip neighbour replace ${PEER_IP} lladdr ${peerMac} dev eth0
     cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 1 > conf/all/rp_filter; echo 1 > conf/default/rp_filter
     nft 'add table inet tracking; add chain inet tracking first { type filter hook prerouting priority 0; }'
     nft add rule inet tracking first ct state invalid drop`,
  );
  return { name, podsMac, uplinkMac, peerMac };
}

/** Pods are elsewhere: what comes for them goes on to another node. */
export async function movePodsAway({ name }: Node): Promise<void> {
  await sh(name, `ip route replace ${POD_CIDR} via ${PEER_IP}`);
}

/** An overlay device such as ours, without our rules; what goes to policies' destinations takes it. */
export async function addBareOverlay({ name }: Node): Promise<void> {
  await sh(
    name,
    `ip link add egvx address ${NODE_OVERLAY_MAC} mtu 1450 type vxlan id ${OVERLAY.vni} local ${NODE_IP} dstport ${OVERLAY.port} nolearning gbp
     ip address add 169.254.77.2/32 dev egvx; ip link set egvx up; echo 2 > /proc/sys/net/ipv4/conf/egvx/rp_filter
     bridge fdb replace ${PEER_OVERLAY_MAC} dev egvx dst ${PEER_IP} self permanent
     ip neighbour replace 169.254.77.1 lladdr ${PEER_OVERLAY_MAC} dev egvx nud permanent`,
  );
}

export async function routeIntoOverlay({ name }: Node): Promise<void> {
  await sh(name, "ip route add 20.0.0.0/8 via 169.254.77.1 dev egvx onlink");
}

export async function addBareSnat({ name }: Node): Promise<void> {
  await sh(
    name,
    `nft 'add table ip translating; add chain ip translating after { type nat hook postrouting priority srcnat; }'
     nft add rule ip translating after oifname eth0 snat to ${floatingIPsOf({ pods: 1, policies: 1 })[0]}`,
  );
}

/**
 * As spidernet's egressgateway does it (pkg/agent/police.go): a rule for each policy, which matches two sets and marks, and
 * on the gateway one that translates. Every packet meets all of them, since a mark ends nothing.
 */
export async function addIptables({ name }: Node, world: World, role: Role): Promise<void> {
  const policies = Array.from({ length: world.policies }, (_, policy) => policy);
  const sets = policies.flatMap((policy) => [
    `create src-${policy} hash:net`,
    `create dst-${policy} hash:net`,
    ...prefixesOf(policy).map((prefix) => `add dst-${policy} ${prefix}`),
  ]);
  const members = Array.from({ length: world.pods }, (_, pod) => `add src-${policyOf(pod, world)} ${podIP(pod)}`);
  const match = (policy: number) => `-m set --match-set src-${policy} src -m set --match-set dst-${policy} dst`;
  const original = "-m conntrack --ctdir ORIGINAL";
  const mark = (policy: number) => `0x${(0x2600_0000 + egressId(policy)).toString(16)}`;
  const marks = policies.map(
    (policy) => `-A PREROUTING ${match(policy)} ${original} -j MARK --set-mark ${mark(policy)}`,
  );
  const snats = floatingIPsOf(world).map(
    (ip, policy) => `-A POSTROUTING ${match(policy)} ${original} -j SNAT --to-source ${ip}`,
  );
  const rules = ["*mangle", ...marks, "COMMIT", ...(role === "gateway" ? ["*nat", ...snats, "COMMIT"] : [])];
  await feed(name, "ipset restore", [...sets, ...members]);
  await feed(name, "iptables-restore --noflush", rules);
}

/** Lines as the standard input of a command. */
async function feed(host: string, command: string, lines: readonly string[]): Promise<void> {
  const [program = "", ...args] = command.split(" ");
  const child = spawn("nsenter", [`--net=/run/netns/${host}`, program, ...args], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  child.stdin.end(`${lines.join("\n")}\n`);
  const code = await ended;
  if (code !== 0) throw new Error(`${command}: exit code ${code}`);
}

export interface OurNode {
  tell(word: string): Promise<void>;
}

/** Resolves when the kernel holds everything. */
export async function becomeOurs(node: Node, role: Role, world: World, mode: GatewayMode): Promise<OurNode> {
  const script = new URL("node.ts", import.meta.url).pathname;
  const args = [`--net=/run/netns/${node.name}`, process.execPath, script, role, String(world.pods), mode];
  const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<string, () => void>();
  const said = (word: string) => new Promise<void>((resolve) => waiting.set(word, resolve));
  createInterface({ input: child.stdout }).on("line", (line) => waiting.get(line)?.());
  const failed = new Promise<never>((_, reject) => {
    child.on("exit", (code) => reject(new Error(`${node.name} ended with exit code ${code}`)));
  });
  failed.catch(() => {});
  await Promise.race([said("ready"), failed]);
  return {
    async tell(word) {
      const done = said(word);
      child.stdin.write(`${word}\n`);
      await Promise.race([done, failed]);
    },
  };
}
