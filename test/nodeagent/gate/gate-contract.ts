/** What the agent relies on in the lease gate. Each case holds for the kernel and for the fake. */
import assert from "node:assert/strict";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import type { LeaseGate } from "../../../nodeagent/gate/gate.ts";
import { TIMING } from "../../../nodeagent/lease/timing.ts";

interface Node {
  /** A run of the agent. The one before it is dead: nobody listens to its echoes, but its writes may still arrive. */
  open(): Promise<LeaseGate>;
  /** At least so long. */
  pass(ms: number): Promise<void>;
  flushRuleset(): Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  /** Begins on a node without a gate. Throws when the contract is broken. */
  run(node: Node): Promise<void>;
}

export const UNDERLAY = "eth0";
const IP = "192.168.1.100";
const IP6 = "fd00:1::100";
const OTHER = "192.168.1.101";
const scope: GateScope = { underlay: UNDERLAY, floatingIPs: [IP, OTHER, IP6], gatewayMacs: ["02:00:00:00:00:0a"] };

async function begun(node: Node, generation = 1, ips: readonly string[] = []): Promise<LeaseGate> {
  const gate = await node.open();
  await gate.guard(scope);
  assert.equal(await gate.replaceMine(generation, ips), true);
  return gate;
}

async function leased(gate: LeaseGate): Promise<boolean> {
  return (await gate.readState())?.leaseMs !== null;
}

async function mine(gate: LeaseGate): Promise<readonly string[] | undefined> {
  return (await gate.readState())?.mine.toSorted();
}

/**
 * What remains of the lease after it was set this way. Again, when the machine was so busy that nothing remained by the
 * time it was read.
 */
async function leaseAfter(gate: LeaseGate, how: "refresh" | "park"): Promise<number> {
  for (let number = 1_000; number < 1_010; number++) {
    if (!((await gate.arm(number)) && (await gate[how](number)))) continue;
    const leaseMs = (await gate.readState())?.leaseMs ?? null;
    if (leaseMs !== null) return leaseMs;
  }
  throw new Error(`no lease after ${how}`);
}

function assertBetween(ms: number | null | undefined, least: number, most: number): void {
  assert.ok(ms !== null && ms !== undefined && ms > least && ms <= most, `${ms} ms remain, of ${most}`);
}

export const contract: readonly ContractCase[] = [
  {
    name: "without a gate nothing is confirmed",
    async run(node) {
      const gate = await node.open();
      assert.equal(await gate.readState(), null);
      assert.deepEqual(await gate.conflicts(), []);
      assert.equal(await gate.replaceMine(1, []), false);
      assert.equal(await gate.changeMine([IP], []), false);
    },
  },
  {
    name: "a gate begins without a run, addresses or lease",
    async run(node) {
      const gate = await node.open();
      assert.equal((await gate.guard(scope)).length, 1);
      assert.deepEqual(await gate.readState(), { generation: 0, mine: [], leaseMs: null });
    },
  },
  {
    name: "a run that has not begun gets no lease",
    async run(node) {
      const gate = await node.open();
      await gate.guard(scope);
      assert.equal(await gate.arm(1), false);
      assert.equal(await gate.changeMine([IP], []), false);
      assert.equal(await leased(gate), false);
    },
  },
  {
    name: "guarding the same again changes nothing, another scope is taken over",
    async run(node) {
      const gate = await begun(node, 1, [IP]);
      assert.deepEqual(await gate.guard(scope), []);
      assert.notDeepEqual(await gate.guard({ ...scope, floatingIPs: [IP] }), []);
      assert.deepEqual(await gate.guard({ ...scope, floatingIPs: [IP] }), []);
      assert.deepEqual(await mine(gate), [IP]);
    },
  },
  {
    name: "until a run has begun, it adds to the scope and takes nothing out",
    async run(node) {
      await begun(node);
      const next = await node.open();
      assert.deepEqual(await next.guard({ ...scope, floatingIPs: [IP] }), []);
      assert.notDeepEqual(await next.guard({ ...scope, floatingIPs: [IP, "192.168.1.102"] }), []);
    },
  },
  {
    name: "armed, then refreshed: the lease runs, and ends by itself",
    async run(node) {
      const gate = await begun(node);
      assert.equal(await gate.arm(1), true);
      assert.equal(await leased(gate), false);
      assertBetween(await leaseAfter(gate, "refresh"), 0, TIMING.leaseMs);
      await node.pass(TIMING.leaseMs);
      assert.equal(await leased(gate), false);
    },
  },
  {
    name: "not armed, or armed too long ago: no refresh and no park",
    async run(node) {
      const gate = await begun(node);
      assert.equal(await gate.refresh(1), false);
      assert.equal(await gate.park(1), false);
      assert.equal(await gate.arm(2), true);
      await node.pass(TIMING.armMs);
      assert.equal(await gate.refresh(2), false);
      assert.equal(await gate.park(2), false);
      assert.equal(await leased(gate), false);
    },
  },
  {
    name: "parked the lease is long; a refresh makes it short again",
    async run(node) {
      const gate = await begun(node);
      assertBetween(await leaseAfter(gate, "park"), TIMING.parkMs / 2, TIMING.parkMs);
      assertBetween(await leaseAfter(gate, "refresh"), 0, TIMING.leaseMs);
    },
  },
  {
    name: "released the lease is over, and may begin again",
    async run(node) {
      const gate = await begun(node);
      await gate.arm(1);
      await gate.refresh(1);
      assert.equal(await gate.release(1), true);
      assert.equal(await leased(gate), false);
      await gate.arm(2);
      assert.equal(await gate.refresh(2), true);
    },
  },
  {
    name: "addresses come and go; what is there already, or not there, is no error",
    async run(node) {
      const gate = await begun(node, 1, [IP]);
      assert.equal(await gate.changeMine([IP, IP6], [OTHER]), true);
      assert.deepEqual(await mine(gate), [IP, IP6]);
      assert.equal(await gate.changeMine([OTHER], [IP, IP6]), true);
      assert.deepEqual(await mine(gate), [OTHER]);
      assert.equal(await gate.replaceMine(1, [IP6]), true);
      assert.deepEqual(await mine(gate), [IP6]);
    },
  },
  {
    name: "changes are made in the order asked",
    async run(node) {
      const gate = await begun(node);
      await Promise.all([gate.changeMine([IP], []), gate.changeMine([], [IP]), gate.changeMine([OTHER], [])]);
      assert.deepEqual(await mine(gate), [OTHER]);
    },
  },
  {
    name: "a successor finds a parked lease and its addresses, and goes on with those that it names",
    async run(node) {
      const gate = await begun(node, 1, [IP, OTHER]);
      await gate.arm(1);
      await gate.park(1);
      const next = await node.open();
      assert.deepEqual(await next.guard(scope), []);
      assert.deepEqual(await mine(next), [IP, OTHER]);
      assertBetween((await next.readState())?.leaseMs, TIMING.parkMs / 2, TIMING.parkMs);
      assert.equal(await next.replaceMine(2, [IP]), true);
      assert.deepEqual(await mine(next), [IP]);
      assert.equal(await leased(next), true);
    },
  },
  {
    name: "once a successor has begun, no write of the run before it is accepted",
    async run(node) {
      const gate = await begun(node, 1, [IP]);
      const next = await node.open();
      await next.replaceMine(2, []);
      assert.equal(await gate.changeMine([IP], []), false);
      assert.equal(await gate.changeMine([], [IP]), false);
      assert.equal(await gate.replaceMine(1, [IP]), false);
      assert.deepEqual(await next.readState(), { generation: 2, mine: [], leaseMs: null });
      assert.equal(await next.changeMine([OTHER], []), true);
    },
  },
  {
    name: "a gate that vanished is put there again with the run's addresses, and without a lease",
    async run(node) {
      const gate = await begun(node, 3, [IP]);
      await gate.changeMine([IP6], [IP]);
      await gate.arm(1);
      await gate.refresh(1);
      await node.flushRuleset();
      assert.equal(await gate.readState(), null);
      assert.equal(await gate.changeMine([IP], []), false);
      assert.equal((await gate.guard(scope)).length, 1);
      assert.deepEqual(await gate.readState(), { generation: 3, mine: [IP6], leaseMs: null });
      assert.equal(await gate.refresh(1), false);
      await gate.arm(2);
      assert.equal(await gate.refresh(2), true);
    },
  },
  {
    name: "on another device the gate has no lease",
    async run(node) {
      const gate = await begun(node, 1, [IP]);
      await gate.arm(1);
      await gate.refresh(1);
      assert.equal((await gate.guard({ ...scope, underlay: "eth1" })).length, 1);
      assert.deepEqual(await gate.readState(), { generation: 1, mine: [IP], leaseMs: null });
    },
  },
];
