/**
 * The lease gate without a kernel, and with a clock that stands still until it is told otherwise. Doors that are opened
 * one after the other are runs of an agent on one node. The contract suite holds it to the real one.
 */
import type { Conflict } from "../../../nodeagent/gate/conflicts.ts";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import type { LeaseGate } from "../../../nodeagent/gate/gate.ts";
import { TIMING } from "../../../nodeagent/lease/timing.ts";

interface Gate {
  scope: GateScope;
  generation: number;
  /** The run whose requests are heard. */
  heard: number | null;
  mine: Set<string>;
}

export interface FakeNode {
  open(): LeaseGate;
  pass(ms: number): void;
  /** As `nft flush ruleset`. */
  flush(): void;
  conflicts: readonly Conflict[];
}

export function createFakeNode(): FakeNode {
  let nowMs = 0;
  let runs = 0;
  let gate: Gate | null = null;
  let armedUntilMs = 0;
  let leaseUntilMs = 0;

  function openRun(): LeaseGate {
    runs += 1;
    const run = runs;
    let own: { readonly generation: number; mine: Set<string> } | null = null;
    let open = true;
    const heard = () => open && gate?.heard === run;
    const whileArmed = async (leaseMs: number): Promise<boolean> => {
      if (!heard() || nowMs >= armedUntilMs) return false;
      leaseUntilMs = nowMs + leaseMs;
      return true;
    };
    return {
      async guard(scope) {
        const drift =
          gate === null || gate.scope.underlay !== scope.underlay || (own && gate.generation < own.generation);
        if (gate !== null && !drift) {
          const removes = own !== null;
          const next = removes ? scope : { ...scope, floatingIPs: union(gate.scope.floatingIPs, scope.floatingIPs) };
          const says = sameScope(gate.scope, next) ? [] : ["changed the scope"];
          gate.scope = next;
          return says;
        }
        leaseUntilMs = 0;
        armedUntilMs = 0;
        gate = { scope, generation: own?.generation ?? 0, heard: own && run, mine: new Set(own?.mine) };
        return ["installed the gate"];
      },
      async readState() {
        if (gate === null) return null;
        const leaseMs = nowMs < leaseUntilMs ? leaseUntilMs - nowMs : null;
        return { generation: gate.generation, mine: [...gate.mine], leaseMs };
      },
      async replaceMine(generation, ips) {
        if (gate === null || gate.generation > generation) return false;
        own = { generation, mine: new Set(ips) };
        Object.assign(gate, { generation, heard: run, mine: new Set(ips) });
        return true;
      },
      async changeMine(add, remove) {
        if (own === null || gate?.generation !== own.generation) return false;
        for (const ip of add) gate.mine.add(ip);
        for (const ip of remove) gate.mine.delete(ip);
        own.mine = new Set(gate.mine);
        return true;
      },
      async arm() {
        if (!heard()) return false;
        armedUntilMs = nowMs + TIMING.armMs;
        return true;
      },
      refresh: () => whileArmed(TIMING.leaseMs),
      park: () => whileArmed(TIMING.parkMs),
      async release() {
        if (!heard()) return false;
        leaseUntilMs = 0;
        return true;
      },
      conflicts: async () => node.conflicts,
      knownConflicts: () => node.conflicts,
      close() {
        open = false;
      },
    };
  }

  const node: FakeNode = {
    open: openRun,
    pass(ms) {
      nowMs += ms;
    },
    flush() {
      gate = null;
      armedUntilMs = 0;
      leaseUntilMs = 0;
    },
    conflicts: [],
  };
  return node;
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}

function sameScope(a: GateScope, b: GateScope): boolean {
  const text = ({ floatingIPs, gatewayMacs }: GateScope) =>
    JSON.stringify([floatingIPs.toSorted(), gatewayMacs.toSorted()]);
  return text(a) === text(b);
}
