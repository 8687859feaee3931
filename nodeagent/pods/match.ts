/** Which addresses are whose: the pods of the NodeState and what the CNI plugins gave them. */
import type { NodePod } from "../../policies/nodestate.ts";
import { familyOf } from "../addresses.ts";

/** An address that a CNI plugin gave to a pod's own interface; a pod has one for each family. */
export interface CniAttachment {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly mac: string;
}

export interface PodAddress {
  readonly pod: NodePod;
  readonly ip: string;
  readonly mac: string;
}

export interface MatchedPods {
  readonly known: readonly PodAddress[];
  /** Pods of which some address is not known with its MAC address: new connections from there are held. */
  readonly unknown: readonly NodePod[];
}

/**
 * A pod's address is known when an attachment carries it with the pod's namespace, name and uid; where the state has no
 * address yet, those of the attachments count. The uid matters: files of the CNI cache outlive restarts, and names are
 * used again. Of two pods with one address and MAC address neither is known: one of them is a leftover, and it cannot
 * be told which.
 *
 * @param attachments newest first; of several that fit a pod and family the first counts
 */
export function matchPods(pods: readonly NodePod[], attachments: readonly CniAttachment[]): MatchedPods {
  const byPod = Map.groupBy(attachments, identity);
  const found = pods.map((pod) => ({ pod, addresses: addressesOf(pod, byPod.get(identity(pod)) ?? []) }));
  const owners = Map.groupBy(
    found.flatMap(({ addresses }) => addresses),
    elementKey,
  );
  const known: PodAddress[] = [];
  const unknown: NodePod[] = [];
  for (const { pod, addresses } of found) {
    const unique = addresses.filter((address) => owners.get(elementKey(address))?.length === 1);
    known.push(...unique.map(({ ip, mac }) => ({ pod, ip, mac })));
    if (unique.length < Math.max(pod.ips.length, 1)) unknown.push(pod);
  }
  return { known, unknown };
}

function addressesOf({ ips }: NodePod, attachments: readonly CniAttachment[]): readonly CniAttachment[] {
  const fitting = attachments.filter(({ ip }) => ips.length === 0 || ips.includes(ip));
  return [...Map.groupBy(fitting, ({ ip }) => familyOf(ip)).values()].flatMap(([first]) => first ?? []);
}

function elementKey({ ip, mac }: CniAttachment): string {
  return `${ip} ${mac}`;
}

function identity({ namespace, name, uid }: { namespace: string; name: string; uid: string }): string {
  return `${namespace}/${name}/${uid}`;
}
