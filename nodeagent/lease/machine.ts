/**
 * Who may answer for a floating IP, decided on each node by the same machine: time, messages and confirmations in;
 * messages, kernel commands and disk writes out. It has no clock, no chance and no I/O of its own, so that the code that
 * runs on the nodes is the code that is simulated. docs/lease.md tells why it is safe.
 */
import { createCoordinator } from "./coordinator.ts";
import { createHolder } from "./holder.ts";
import type { Input, LeaseReport, Output, StartState } from "./io.ts";
import { createMembership } from "./membership.ts";
import { createRounds } from "./proposer.ts";
import { RULES, type Rules } from "./rules.ts";
import { createWitness } from "./witness.ts";
import type { WitnessSet } from "./witness-set.ts";

export interface LeaseMachine {
  /** @param now milliseconds of a clock that never goes back and never stops while the kernel's timeouts run */
  handle(input: Input, now: number): Output[];
  /** When `wake` must be given, if nothing else comes before. */
  wakeAt(): number;
  report(now: number): LeaseReport;
  /** Another number whenever the report may be another. */
  revision(now: number): number;
}

/** @param rules only the simulation gives others than the true ones */
export function createLeaseMachine(start: StartState, now: number, rules: Rules = RULES): LeaseMachine {
  const membership = createMembership(start.set);
  const rounds = createRounds(start.node, start.generation);
  const witness = createWitness(start, membership, rules, now);
  const holder = createHolder(start, membership, rounds, rules, now);
  const coordinator = createCoordinator(start.witness, membership, rounds, rules);

  function adopt(set: WitnessSet, at: number): Output[] {
    if (!membership.adopt(set)) return [];
    coordinator.adopted();
    return [...witness.adopted(), ...holder.adopted(at)];
  }

  function serve(input: Input, at: number): Output[] {
    switch (input.on) {
      case "message": {
        const { from, message } = input;
        const adopted = message.type === "set" ? adopt(message.set, at) : [];
        const coordinated = coordinator.receive(from, message, at);
        return [...adopted, ...witness.receive(from, message, at), ...coordinated];
      }
      case "persisted":
        return witness.persisted(input.write);
      case "desired":
        coordinator.want(input.desired.targetWitnesses);
        return adopt(input.desired.witnesses, at);
      default:
        return [];
    }
  }

  return {
    handle(input, at) {
      const served = serve(input, at);
      const held = holder.handle(input, at);
      return [...served, ...held, ...witness.advance(at), ...coordinator.advance(at, (set) => adopt(set, at))];
    },
    wakeAt: () => Math.min(holder.wakeAt(), witness.wakeAt(), coordinator.wakeAt()),
    report: (at) => ({
      ...holder.report(at),
      witnesses: membership.current(),
      witness: start.witness,
      witnessesSettled: coordinator.settled(),
    }),
    // Versions only grow, as most of the holder's number does: no two changes make up for each other.
    revision: (at) => 2 * holder.revision(at) + 4 * membership.current().version + (coordinator.settled() ? 1 : 0),
  };
}
