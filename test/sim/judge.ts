/** Looks at everything that happens and remembers the first thing that must not. */
import type { Message } from "../../nodeagent/lease/messages.ts";
import type { SimNode } from "./node.ts";
import type { Timeline } from "./timeline.ts";

export interface Judge {
  /** The node's gate may have opened. */
  opened(node: SimNode, nodes: readonly SimNode[]): void;
  said(from: string, message: Message): void;
  violation(): string | null;
}

export function createJudge(timeline: Timeline): Judge {
  let violation: string | null = null;
  const owners = new Map<string, string>();
  const sets = new Map<number, string>();

  function accuse(what: string): void {
    violation ??= `at ${Math.round(timeline.now())} ms ${what}`;
  }

  return {
    opened(node, nodes) {
      for (const ip of node.openIPs()) {
        const other = nodes.find((one) => one !== node && one.isOpen(ip));
        if (other !== undefined) accuse(`${ip} is open on ${node.name} and on ${other.name}`);
      }
    },
    said(from, message) {
      if (message.type === "set") {
        const { version, members } = message.set;
        const known = sets.get(version) ?? members.join(" ");
        sets.set(version, known);
        if (known !== members.join(" ")) accuse(`witness set ${version} is ${known} and ${members.join(" ")}`);
      }
      if (message.type !== "heartbeat") return;
      const owner = `${from} in generation ${message.generation}`;
      for (const [ip, epoch] of message.claims) {
        const known = owners.get(`${ip} ${epoch}`) ?? owner;
        owners.set(`${ip} ${epoch}`, known);
        if (known !== owner) accuse(`epoch ${epoch} of ${ip} belongs to ${known} and to ${owner}`);
      }
    },
    violation: () => violation,
  };
}
