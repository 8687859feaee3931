/** Which addresses are whose: the pods of the NodeState and what the CNI plugins gave them. */
import type { NodePod } from "../../policies/nodestate.ts";

/** What a CNI plugin gave to a pod's own interface. */
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
  /** Pods whose address and MAC address are not both known: their new connections are held. */
  readonly unknown: readonly NodePod[];
}

/**
 * A pod is known when an attachment carries its namespace, name and uid, and its address where the state has one. The
 * uid matters: files of the CNI cache outlive restarts, and names are used again. Of two pods with one address and MAC
 * address neither is known: one of them is a leftover, and it cannot be told which.
 *
 * @param attachments newest first; of several that fit a pod the first counts
 */
export function matchPods(pods: readonly NodePod[], attachments: readonly CniAttachment[]): MatchedPods {
  const byPod = Map.groupBy(attachments, identity);
  const found = pods.map((pod) => ({
    pod,
    attachment: byPod.get(identity(pod))?.find(({ ip }) => pod.ips.length === 0 || pod.ips.includes(ip)),
  }));
  const owners = Map.groupBy(found, ({ attachment }) => attachment && `${attachment.ip} ${attachment.mac}`);
  const known: PodAddress[] = [];
  const unknown: NodePod[] = [];
  for (const { pod, attachment } of found) {
    const unique = attachment && owners.get(`${attachment.ip} ${attachment.mac}`)?.length === 1;
    if (unique) known.push({ pod, ip: attachment.ip, mac: attachment.mac });
    else unknown.push(pod);
  }
  return { known, unknown };
}

function identity({ namespace, name, uid }: { namespace: string; name: string; uid: string }): string {
  return `${namespace}/${name}/${uid}`;
}
