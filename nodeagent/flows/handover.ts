/** Connections follow their address to a stateful gateway: the pure parts with a clock, a connection table and a way to send. */
import type { EgressId, NodeState } from "../../policies/nodestate.ts";
import { FAMILIES } from "../addresses.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import type { Log } from "../log.ts";
import { createGiver } from "./giver.ts";
import type { FlowsAnswer, HandedFlows } from "./messages.ts";
import { connectionsOf, movedAway, recordsOf } from "./records.ts";

export interface HandoverParts {
  readonly conntrack: Pick<Conntrack, "listMarked" | "create">;
  readonly send: (node: string, message: HandedFlows | FlowsAnswer) => void;
  /** As `performance.now`. */
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface Handover {
  /** The state with what is held and where gateways are, each time that changes. */
  follow(state: NodeState): void;
  receive(from: string, message: HandedFlows | FlowsAnswer): void;
  close(): void;
}

export function startHandover({ conntrack, send, nowMs, log }: HandoverParts): Handover {
  const giver = createGiver();
  let current: NodeState | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function tell(): void {
    clearTimeout(timer);
    if (closed) return;
    for (const { to, message } of giver.wake(nowMs())) send(to, message);
    const wakeAt = giver.wakeAt();
    if (wakeAt !== Number.POSITIVE_INFINITY) timer = setTimeout(tell, Math.max(0, wakeAt - nowMs()));
  }

  async function give(id: EgressId, to: string, state: NodeState): Promise<void> {
    const listed = await Promise.all(FAMILIES.map((family) => conntrack.listMarked(family, id)));
    const flows = recordsOf(listed.flat(), state);
    if (flows.length > 0) log.info({ id, to, connections: flows.length }, "handed connections to their new gateway");
    giver.give(to, id, flows, nowMs());
    tell();
  }

  async function take(from: string, message: HandedFlows): Promise<void> {
    const connections = current && connectionsOf(current, from, message);
    if (connections === null) return;
    await conntrack.create(connections);
    log.info({ id: message.id, from, connections: connections.length }, "took over connections");
    send(from, { type: "flows-answer", batch: message.batch });
  }

  function warn(error: Error): void {
    log.warn({ reason: error.message }, "connections could not be handed over");
  }

  return {
    follow(state) {
      const before = current;
      current = state;
      if (before === null || state.gatewayMode !== "stateful" || state.portBlock === null) return;
      for (const { id, to } of movedAway(before, state)) give(id, to, state).catch(warn);
    },
    receive(from, message) {
      if (message.type === "flows") {
        take(from, message).catch(warn);
        return;
      }
      giver.answered(from, message, nowMs());
      tell();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
