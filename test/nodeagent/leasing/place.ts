/**
 * Nodes, their pods, an outside host and the reconciler's address, on one switch. To be used inside a private place.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Family, familyOf } from "../../../nodeagent/addresses.ts";
import { addHost, addPod, sh } from "../network.ts";
import { PLAN } from "../plan.ts";
import { cniCacheEntry } from "../states.ts";

export type Worker = 1 | 2 | 3 | 4;
export const nameOf = (worker: Worker): string => `worker${worker}`;

/** Where the reconciler listens: the switch itself. */
export const CONTROL = PLAN[4].inNodeSubnet(252);

/** A floating IP with an egress id; each worker has a pod that sends through it. */
export const floating = (id: number, family: Family = 4): string => PLAN[family].inNodeSubnet(99 + id);

export interface Sent {
  readonly ip: string;
  readonly id: number;
}

/** The pod on that worker that sends through that address. */
export const podAddress = (worker: Worker, { ip, id }: Sent): string => PLAN[familyOf(ip)].pod(worker, id);

export async function buildPlace(workers: readonly Worker[], families: readonly Family[]): Promise<void> {
  await sh(null, `ip link add switch type bridge; ip address add ${CONTROL}/24 dev switch; ip link set switch up`);
  for (const host of [...workers.map(nameOf), "outside"]) await addHost(host);
  for (const family of families) {
    const { inNodeSubnet, nodePrefixLength, witness } = PLAN[family];
    await sh(
      "outside",
      `ip address add ${inNodeSubnet(254)}/${nodePrefixLength} dev eth0
       ip address add ${witness}/${family === 4 ? 32 : 128} dev lo`,
    );
    for (const worker of workers) await buildNode(worker, workers, family);
  }
  for (const worker of workers) {
    await sh(nameOf(worker), "cd /proc/sys/net/ipv4; echo 1 > conf/all/rp_filter; echo 1 > conf/default/rp_filter");
  }
}

async function buildNode(worker: Worker, workers: readonly Worker[], family: Family): Promise<void> {
  const { inNodeSubnet, nodePrefixLength, podCIDR, podCIDROf } = PLAN[family];
  const others = workers.filter((other) => other !== worker);
  const ip = family === 4 ? "ip" : "ip6";
  await sh(
    nameOf(worker),
    `ip address add ${inNodeSubnet(worker)}/${nodePrefixLength} dev eth0
     ip route add default via ${inNodeSubnet(254)}
     ${others.map((other) => `ip route add ${podCIDROf(other)} via ${inNodeSubnet(other)}`).join("\n")}
     echo 1 > /proc/sys/net/${family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding"}
     nft 'add table ${ip} cni; add chain ${ip} cni after { type nat hook postrouting priority srcnat; }'
     nft add rule ${ip} cni after ${ip} saddr ${podCIDROf(worker)} ${ip} daddr != ${podCIDR} masquerade`,
  );
}

/** The node's pods, and what the CNI plugin left of them in its cache. */
export async function addPods(worker: Worker, sent: readonly Sent[], cniCache: string): Promise<void> {
  await mkdir(cniCache, { recursive: true });
  for (const each of sent) {
    await addPod(podAddress(worker, each));
    await addCniEntry(podAddress(worker, each), cniCache);
  }
}

/** A pod whose network nobody uses. */
export async function addCniEntry(ip: string, cniCache: string): Promise<void> {
  const { file, content } = cniCacheEntry(ip);
  await writeFile(join(cniCache, file), content);
}
