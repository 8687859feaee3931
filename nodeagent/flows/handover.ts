/** Connections follow their address to a stateful gateway: the pure parts with a clock, a connection table and a way to send. */
import type { EgressId, NodeState } from "../../policies/nodestate.ts";
import { familyOf } from "../addresses.ts";
import { createAlarm } from "../alarm.ts";
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
  const alarm = createAlarm(nowMs, () => {
    for (const { to, message } of giver.wake(nowMs())) send(to, message);
    sleep();
  });

  function sleep(): void {
    alarm.set(giver.wakeAt());
  }

  async function give(id: EgressId, to: string, state: NodeState): Promise<void> {
    const ip = state.lease?.addresses.find((address) => address.id === id)?.ip;
    if (ip === undefined) return;
    const flows = recordsOf(await conntrack.listMarked(familyOf(ip), id), state);
    if (flows.length > 0) log.info({ id, to, connections: flows.length }, "handed connections to their new gateway");
    giver.give(to, id, flows, nowMs());
    sleep();
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
      giver.answered(from, message);
      sleep();
    },
    close: alarm.close,
  };
}
