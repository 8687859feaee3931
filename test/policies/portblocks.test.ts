/** Which ports are whose: sizes, stability, quarantine, and the order in which ports are reused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nothingBefore, type Previous, plan } from "../../policies/plan.ts";
import { BLOCKS_MAX, portsForNewcomer } from "../../policies/portblocks.ts";
import { ageBlocks, nextReuseMs, QUARANTINE_MS } from "../../policies/quarantine.ts";
import { intent, view, worker } from "./builders.ts";

const MINUTE = 60_000;
const cluster = intent([], [], { nodeSubnets: ["192.168.0.0/16"] });
const node = (n: number) => worker(n, { internalIPs: [`192.168.${n >> 8}.${n & 255}`] });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** What is remembered after the reconciler saw these nodes at this time. */
function see(previous: Previous, numbers: readonly number[], nowMs: number): Previous {
  const nodes = numbers.map(node);
  return plan(cluster, view(nodes), ageBlocks(previous, new Set(nodes.map(({ name }) => name)), nowMs)).next;
}

/** "worker1 1024+1024", with a mark where the node has left. */
const told = ({ portBlocks }: Previous) =>
  portBlocks.map((block) => `${block.retired ? "(" : ""}${block.node} ${block.firstPort}+${block.ports}`);

/** How many blocks there are of each size. */
function sizes({ portBlocks }: Previous): Record<number, number> {
  const bySize = Map.groupBy(portBlocks, ({ ports }) => ports);
  return Object.fromEntries([...bySize].map(([ports, blocks]) => [ports, blocks.length]));
}

test.each([
  [1, 1024],
  [31, 1024],
  [32, 512],
  [63, 512],
  [64, 256],
  [126, 256],
  [252, 256],
  [5_000, 256],
])("in a cluster of %i nodes a newcomer gets %i ports", (nodes, ports) => {
  expect(portsForNewcomer(nodes)).toBe(ports);
});

test.each([
  ["all at once", [range(1, 3)], ["worker1 1024+1024", "worker2 2048+1024", "worker3 3072+1024"]],
  ["in whatever order", [[3, 1, 2]], ["worker1 1024+1024", "worker2 2048+1024", "worker3 3072+1024"]],
  ["one after the other", [[2], [1, 2]], ["worker2 1024+1024", "worker1 2048+1024"]],
])("nodes that come %s", (_how, steps, blocks) => {
  expect(told(steps.reduce((previous, numbers) => see(previous, numbers, 0), nothingBefore))).toEqual(blocks);
});

test.each([
  ["31 nodes and as many again", [31, 62], { 1024: 31, 512: 31 }],
  ["63 nodes and as many again", [63, 126], { 512: 63, 256: 63 }],
  ["126 nodes and as many again", [126, 252], { 256: 252 }],
  ["grown one by one until no port is left", range(1, 200), { 1024: 31, 512: 32, 256: 64 }],
  ["one node too many for stateful gateways: none", [253], {}],
])("room for a growing cluster: %s", (_what, counts, expected) => {
  const grown = counts.reduce((previous, count) => see(previous, range(1, count), 0), nothingBefore);
  expect(sizes(grown)).toEqual(expected);
});

describe("a node that has left", () => {
  const full = see(nothingBefore, range(1, BLOCKS_MAX), 0);
  const without = (previous: Previous, gone: readonly number[], joined: readonly number[], nowMs: number) =>
    see(previous, [...range(1, BLOCKS_MAX).filter((n) => !gone.includes(n)), ...joined], nowMs);
  const of = (previous: Previous, n: number) => previous.portBlocks.find((block) => block.node === `worker${n}`);

  test("keeps its ports for a while, and gets them again when it comes back", () => {
    const left = without(full, [7], [], MINUTE);
    expect(of(left, 7)).toEqual({ ...of(full, 7), retired: { atMs: MINUTE, mayBeReused: false } });
    expect(without(left, [], [], 2 * MINUTE)).toEqual(full);
    const returnedLate = without(left, [], [], 60 * MINUTE);
    expect(returnedLate).toEqual(full);
  });

  test("leaves ports that a newcomer gets after the quarantine, not before", () => {
    const left = without(full, [7], [300], MINUTE);
    expect(of(left, 300)).toBeUndefined();
    expect(of(without(left, [7], [300], MINUTE + QUARANTINE_MS - 1), 300)).toBeUndefined();
    const after = without(left, [7], [300], MINUTE + QUARANTINE_MS);
    expect(of(after, 300)).toEqual({ ...of(full, 7), node: "worker300" });
    expect(of(after, 7)).toBeUndefined();
  });

  test("leaves ports that go to another when it comes back too late, and waits itself", () => {
    const left = without(full, [7], [300], 0);
    const after = without(without(left, [7], [300], QUARANTINE_MS), [], [300], QUARANTINE_MS);
    expect([of(after, 7), of(after, 300)?.firstPort]).toEqual([undefined, of(full, 7)?.firstPort]);
  });

  test("is followed by the newcomer whose ports are free for the longest", () => {
    let previous = without(full, [9], [], MINUTE);
    previous = without(previous, [9, 5], [], 2 * MINUTE);
    previous = without(previous, [9, 5, 7], [], 3 * MINUTE);
    previous = without(previous, [9, 5, 7], [300, 301], 30 * MINUTE);
    const [first, second] = [of(previous, 300), of(previous, 301)];
    expect([first?.firstPort, second?.firstPort]).toEqual([of(full, 9)?.firstPort, of(full, 5)?.firstPort]);
    expect(of(previous, 7)?.retired).toEqual({ atMs: 3 * MINUTE, mayBeReused: true });
  });

  test("leaves a large block, of which the rest is there for the next", () => {
    const grown = see(see(nothingBefore, range(1, 31), 0), range(1, 31), 0);
    const rest = range(32, 127).reduce((previous, n) => see(previous, range(1, n), 0), grown);
    const left = see(rest, [...range(2, 127), 200], 0);
    const after = see(left, [...range(2, 127), 200, 201, 202, 203], QUARANTINE_MS);
    const blocks = [200, 201, 202, 203].map((n) => of(after, n)?.firstPort);
    expect(blocks).toEqual([1024, 1280, 1536, 1792]);
    expect(of(see(after, [...range(2, 127), ...range(200, 204)], QUARANTINE_MS), 204)).toBeUndefined();
  });

  test("is not counted in time while nobody waits: status changes when something happens, not by the clock", () => {
    const left = without(full, [7], [], MINUTE);
    expect(ageBlocks(left, new Set(range(8, 20).map((n) => `worker${n}`)), MINUTE).portBlocks).not.toBe(
      left.portBlocks,
    );
    const present = new Set(left.portBlocks.flatMap((block) => (block.retired ? [] : [block.node])));
    expect(ageBlocks(left, present, 60 * MINUTE)).toBe(left);
    expect(nextReuseMs(left, present)).toBeUndefined();
    expect(nextReuseMs(left, new Set([...present, "worker300"]))).toBe(MINUTE + QUARANTINE_MS);
  });

  test("stays in quarantine for its whole time where the clock was set back", () => {
    const left = without(full, [7], [300], 60 * MINUTE);
    const back = without(left, [7], [300], MINUTE);
    expect(of(back, 7)?.retired?.atMs).toBe(MINUTE);
    expect(of(without(back, [7], [300], QUARANTINE_MS), 300)).toBeUndefined();
    expect(of(without(back, [7], [300], MINUTE + QUARANTINE_MS), 300)).toBeDefined();
  });
});

describe("after any history", () => {
  const step = fc.record({
    nodes: fc.oneof(
      fc.subarray(range(1, 12)),
      fc.integer({ min: 0, max: 70 }).map((count) => range(1, count)),
      fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 250 })).map(([a, n]) => range(a, a + n)),
    ),
    afterMs: fc.constantFrom(0, MINUTE, 5 * MINUTE, QUARANTINE_MS, 20 * MINUTE),
  });
  const follow = (look: (before: Previous, after: Previous, nodes: readonly number[], nowMs: number) => void) =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let [previous, nowMs] = [nothingBefore, 0];
        for (const { nodes, afterMs } of steps) {
          nowMs += afterMs;
          const next = see(previous, nodes, nowMs);
          look(previous, next, nodes, nowMs);
          previous = next;
        }
      }),
      { numRuns: 40 },
    );
  const names = (nodes: readonly number[]) => new Set(nodes.map((n) => `worker${n}`));
  const units = ({ firstPort, ports }: Previous["portBlocks"][number]) =>
    range(firstPort / 256, (firstPort + ports) / 256 - 1);

  test("blocks are aligned, in range, sorted and disjoint, and no node has two", () =>
    follow((_before, { portBlocks }) => {
      for (const { firstPort, ports } of portBlocks) {
        expect([256, 512, 1024]).toContain(ports);
        expect([firstPort % ports, firstPort >= 1024, firstPort + ports <= 65_536]).toEqual([0, true, true]);
      }
      const taken = portBlocks.flatMap(units);
      expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
      expect(new Set(portBlocks.map((block) => block.node)).size).toBe(portBlocks.length);
    }));

  test("a node that stays, and one that comes back in time, has the block it had", () =>
    follow((before, after, nodes, nowMs) => {
      const present = names(nodes);
      for (const block of before.portBlocks) {
        const inTime = block.retired === null || nowMs - block.retired.atMs < QUARANTINE_MS;
        if (!present.has(block.node) || !inTime) continue;
        expect(after.portBlocks).toContainEqual({ ...block, retired: null });
      }
    }));

  test("ports of a node that left are another's only after the quarantine, when none else are left, oldest first", () =>
    follow((before, after, _nodes, nowMs) => {
      const owners = new Map(after.portBlocks.map((block) => [block.node, block]));
      const reused = before.portBlocks.filter(({ node: owner }) => !owners.has(owner));
      for (const { retired } of reused) {
        expect(retired === null ? 0 : nowMs - retired.atMs).toBeGreaterThanOrEqual(QUARANTINE_MS);
        const longer = after.portBlocks.filter((one) => (one.retired?.atMs ?? nowMs) < (retired?.atMs ?? nowMs));
        expect(longer).toEqual([]);
      }
      const unused = BLOCKS_MAX - before.portBlocks.flatMap(units).length;
      const came = after.portBlocks.filter((block) => !before.portBlocks.some((one) => one.node === block.node));
      if (reused.length > 0) expect(came.flatMap(units).length).toBeGreaterThan(unused);
    }));

  test("a node has no block only where none is left, or where there are too many nodes", () =>
    follow((_before, { portBlocks }, nodes, nowMs) => {
      const owners = new Set(portBlocks.map((block) => block.node));
      if (nodes.length > BLOCKS_MAX || [...names(nodes)].every((name) => owners.has(name))) return;
      expect(portBlocks.flatMap(units).length).toBe(BLOCKS_MAX);
      const free = portBlocks.filter(({ retired }) => retired !== null && nowMs - retired.atMs >= QUARANTINE_MS);
      expect(free).toEqual([]);
    }));

  test("looking again at the same time changes nothing", () =>
    follow((_before, after, nodes, nowMs) => {
      expect(ageBlocks(after, names(nodes), nowMs)).toBe(after);
      expect(see(after, nodes.toReversed(), nowMs)).toEqual(after);
    }));
});
