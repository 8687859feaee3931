/**
 * The reconciler as a witness, for clusters of two nodes: with a third, one node may be lost (docs/lease.md).
 *
 * It remembers in memory only, so each start is another witness with another name, as a node's is that has lost its disk: a
 * witness that has forgotten is never asked again. Two reconcilers at once are two witnesses, too.
 */
import { randomBytes } from "node:crypto";
import type { Input } from "../../nodeagent/lease/io.ts";
import { createLeaseMachine } from "../../nodeagent/lease/machine.ts";
import type { Message } from "../../nodeagent/lease/messages.ts";
import { parseMessage } from "../../nodeagent/lease/validate.ts";
import { NO_SET, RECONCILER, type WitnessId } from "../../nodeagent/lease/witness-set.ts";

export interface WitnessDesk {
  /** Its name as a witness, of this process. */
  readonly witness: WitnessId;
  /**
   * What a node says, and what is to be said to that node: the answer, and what else came up since it asked last.
   *
   * @returns one line when it is not understood
   */
  ask(node: string, value: unknown): readonly Message[] | string;
}

const NAME_BYTES = 8;
/** For a node that has stopped asking: what came up are hints, and the newest are enough. */
const WAITING_MAX = 20;

/** @param nowMs as `performance.now` */
export function openWitnessDesk(nowMs: () => number): WitnessDesk {
  const witness = `${RECONCILER}#${randomBytes(NAME_BYTES).toString("hex")}`;
  const start = { node: RECONCILER, witness, generation: 1, set: NO_SET, registers: [], openIPs: [] };
  const machine = createLeaseMachine(start, nowMs());
  const waiting = new Map<string, Message[]>();

  function give(input: Input): void {
    for (const output of machine.handle(input, nowMs())) {
      if (output.do === "send") {
        const before = waiting.get(output.to) ?? [];
        waiting.set(output.to, [...before, output.message].slice(-WAITING_MAX));
      }
      // What is in memory is as safe as it gets here.
      if (output.do === "persist") give({ on: "persisted", write: output.write });
    }
  }

  return {
    witness,
    ask(node, value) {
      const message = parseMessage(value);
      if (typeof message === "string") return message;
      give({ on: "message", from: node, message });
      const answers = waiting.get(node) ?? [];
      waiting.delete(node);
      return answers;
    },
  };
}
