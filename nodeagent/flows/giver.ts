/**
 * A source node hands its connections to the node that has taken over their address, in batches, until each is
 * acknowledged. Pure: time comes in, messages go out.
 *
 * Only connections in which the server alone speaks need it: the gateway learns of the others from their next packet.
 * Nothing is wrong when it is late or does not arrive, so it ends after a while.
 */
import type { EgressId } from "../../policies/nodestate.ts";
import { FLOWS_MAX, type FlowRecord, type FlowsAnswer, type HandedFlows } from "./messages.ts";

export interface Giver {
  /** Replaces what is under way for this id, to whomever. */
  give(to: string, id: EgressId, flows: readonly FlowRecord[], now: number): void;
  answered(from: string, answer: FlowsAnswer): void;
  wake(now: number): readonly { readonly to: string; readonly message: HandedFlows }[];
  /** When `wake` has something to do. */
  wakeAt(): number;
}

const RETRY_LEAST_MS = 100;
const RETRY_MOST_MS = 2_000;
/** A server that hears nothing for so long sends a minute apart (RFC 6298). */
const GIVEN_UP_AFTER_MS = 30_000;
/** What a receive buffer takes, however many nodes send at once. */
const UNANSWERED_MAX = 4;

interface Batch {
  readonly to: string;
  readonly message: HandedFlows;
  readonly givenUpAt: number;
  attempts: number;
  dueAt: number;
}

export function createGiver(): Giver {
  const batches = new Map<number, Batch>();
  let lastBatch = 0;

  function current(now: number): readonly Batch[] {
    for (const [number, { givenUpAt }] of batches) if (givenUpAt <= now) batches.delete(number);
    return [...batches.values()].slice(0, UNANSWERED_MAX);
  }

  return {
    give(to, id, flows, now) {
      for (const [number, { message }] of batches) if (message.id === id) batches.delete(number);
      for (let from = 0; from < flows.length; from += FLOWS_MAX) {
        lastBatch += 1;
        const message: HandedFlows = {
          type: "flows",
          id,
          batch: lastBatch,
          flows: flows.slice(from, from + FLOWS_MAX),
        };
        batches.set(lastBatch, { to, message, givenUpAt: now + GIVEN_UP_AFTER_MS, attempts: 0, dueAt: now });
      }
    },
    answered(from, { batch }) {
      if (batches.get(batch)?.to === from) batches.delete(batch);
    },
    wake(now) {
      return current(now).flatMap((batch) => {
        if (batch.dueAt > now) return [];
        batch.dueAt = now + Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** batch.attempts);
        batch.attempts += 1;
        return [{ to: batch.to, message: batch.message }];
      });
    },
    wakeAt() {
      const due = [...batches.values()].slice(0, UNANSWERED_MAX).map(({ dueAt }) => dueAt);
      return Math.min(...due, Number.POSITIVE_INFINITY);
    },
  };
}
