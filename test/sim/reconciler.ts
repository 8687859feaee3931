/** The reconciler as far as leases are concerned: it adopts what happened, moves addresses, and wants other witnesses. */
import type { Desired, DesiredAddress } from "../../nodeagent/lease/io.ts";
import { NO_SET, type WitnessId, type WitnessSet } from "../../nodeagent/lease/witness-set.ts";
import type { SimNode } from "./node.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface Reconciler {
  run(): void;
  die(forMs: number): void;
  move(ip: string, to: string): void;
  /** @param rival what another coordinator wants at the same time, by an older or a newer plan */
  wantWitnesses(members: readonly WitnessId[], rival: readonly WitnessId[] | null): void;
  set(): WitnessSet;
  /** The wanted set is in force, and a coordinator says that all about it is done. */
  settled(): boolean;
}

interface Parts {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly nodes: readonly SimNode[];
  readonly gateways: readonly SimNode[];
  readonly ips: readonly string[];
  readonly firstSet: WitnessSet;
  /** Every node hears that it is the first candidate: the order of the plan must not matter for safety. */
  readonly eager: boolean;
}

const PASS_MS = 400;

export function createReconciler({ timeline, random, nodes, gateways, ips, firstSet, eager }: Parts): Reconciler {
  const names = gateways.map(({ name }) => name);
  const order = new Map(
    ips.map((ip, i) => [ip, [...names.slice(i % names.length), ...names.slice(0, i % names.length)]]),
  );
  const releases = new Map<string, number>();
  const epochs = new Map<string, number>();
  let set = firstSet;
  let target: readonly WitnessId[] | null = null;
  const targets = new Map<string, readonly WitnessId[]>();
  let deadUntil = 0;
  let settled = false;
  const sent = new Map<string, string>();

  function adopt(): void {
    settled = false;
    for (const node of gateways.concat(nodes.filter((one) => !gateways.includes(one)))) {
      const report = node.report();
      if (report === null) continue;
      if (report.witnesses.version > set.version) set = report.witnesses;
      for (const { ip, epoch } of report.held) {
        if (epoch <= (epochs.get(ip) ?? 0)) continue;
        epochs.set(ip, epoch);
        order.set(ip, toFront(order.get(ip) ?? [], node.name));
      }
    }
    for (const node of nodes) {
      const report = node.report();
      if (report?.witnessesSettled === true && report.witnesses.version === set.version) settled = true;
    }
  }

  function signal(): void {
    for (const node of nodes) {
      const desired: Desired = {
        addresses: gateways.includes(node) ? ips.map((ip) => address(ip, node.name)) : [],
        // Where a node begins; the newer ones it must learn from the witnesses.
        witnesses: firstSet,
        targetWitnesses: targets.get(node.name) ?? null,
      };
      const text = JSON.stringify(desired);
      if (sent.get(node.name) === text) continue;
      sent.set(node.name, text);
      timeline.after(random.between(1, 100), () => node.desire(desired));
    }
  }

  function address(ip: string, node: string): DesiredAddress {
    const planned = order.get(ip) ?? [];
    const candidates = eager ? toFront(planned, node) : planned;
    const releaseEpoch = releases.get(ip);
    return { ip, candidates, ...(releaseEpoch === undefined ? {} : { releaseEpoch }) };
  }

  function pass(): void {
    timeline.after(PASS_MS, pass);
    if (timeline.now() < deadUntil) return;
    adopt();
    signal();
  }

  return {
    run: pass,
    die(forMs) {
      deadUntil = timeline.now() + forMs;
    },
    move(ip, to) {
      const epoch = epochs.get(ip);
      if (epoch === undefined) return;
      releases.set(ip, epoch);
      order.set(ip, toFront(order.get(ip) ?? [], to));
    },
    wantWitnesses(members, rival) {
      target = members;
      settled = false;
      targets.clear();
      if (rival !== null || random.chance(0.3)) targets.set(random.pick(nodes).name, rival ?? members);
      targets.set(random.pick(nodes).name, members);
    },
    set: () => (set.version === 0 ? NO_SET : set),
    settled: () => target === null || (settled && target.join() === set.members.join()),
  };
}

function toFront(names: readonly string[], first: string): string[] {
  return [first, ...names.filter((name) => name !== first)];
}
