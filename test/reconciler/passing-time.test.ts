/** What the loop makes of time: ports that may be reused, addresses that nobody holds. Time is faked and passes when told. */
import { load } from "js-yaml";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LOST_AFTER_MS, SILENT_MAY_HOLD_MS } from "../../policies/leases/lost.ts";
import { nothingBefore, type Previous } from "../../policies/plan.ts";
import { QUARANTINE_MS } from "../../policies/quarantine.ts";
import { statePage, statePath } from "../../reconciler/status/state.ts";
import { worker } from "../policies/builders.ts";
import { LoopWorld } from "./loop-world.ts";

const IP = "192.168.1.100";

let world: LoopWorld;

beforeEach(() => vi.useFakeTimers());
afterEach(async () => {
  await world.loop.stop();
  vi.useRealTimers();
});

const storedPrevious = (): Previous => JSON.parse(world.stored?.get(statePath) ?? "null")?.previous;
const blockOf = (node: string) => world.states.get(node)?.portBlock ?? null;

describe("ports", () => {
  test("are written down before a node is told its own, and not told when that fails", async () => {
    world = new LoopWorld();
    await world.start();
    world.seen = { ...world.seen, nodes: [...world.seen.nodes, worker(4)] };
    world.statusFails = true;
    world.join("worker4");
    await vi.advanceTimersByTimeAsync(1_000);
    expect([world.signals, storedPrevious().portBlocks.length]).toEqual([[], 3]);
    world.statusFails = false;
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.waitFor(() => expect(blockOf("worker4")).toEqual({ firstPort: 4096, ports: 1024 }));
    expect(storedPrevious().portBlocks).toContainEqual({
      ...{ node: "worker4", firstPort: 4096, ports: 1024, retired: null },
    });
  });

  test("of a node that left go to one that waits for them, when the quarantine ends and by nothing else", async () => {
    const given = Array.from({ length: 63 }, (_, i) => ({
      node: i < 3 ? `worker${i + 1}` : i < 62 ? `elsewhere${i}` : "gone",
      ...{ firstPort: 1024 * (i + 1), ports: 1024 },
      retired: i === 62 ? { atMs: Date.now(), mayBeReused: false } : null,
    }));
    const previous = { ...nothingBefore, gatewayMode: "stateless" as const, portBlocks: given };
    world = new LoopWorld({ stored: new Map([[statePath, statePage({ cluster: "lab", applied: null, previous })]]) });
    world.seen = { ...world.seen, nodes: [...world.seen.nodes, worker(4)] };
    await world.start();
    expect([blockOf("worker3")?.firstPort, world.states.get("worker4")?.portBlock]).toEqual([3072, null]);
    expect(load(world.stored?.get("nodes/worker4.yaml") ?? "")).toMatchObject({ waitsFor: expect.any(String) });
    await vi.advanceTimersByTimeAsync(QUARANTINE_MS - 2_000);
    expect(blockOf("worker4")).toBeNull();
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.waitFor(() => expect(blockOf("worker4")).toEqual({ firstPort: 64_512, ports: 1024 }));
    expect(load(world.stored?.get("nodes/worker4.yaml") ?? "")).not.toHaveProperty("waitsFor");
  });

  test("are a node's again when it comes back, whatever came in between", async () => {
    world = new LoopWorld();
    await world.start();
    const { nodes } = world.seen;
    world.seen = { ...world.seen, nodes: nodes.slice(0, 2) };
    world.loop.trigger("inventory");
    await world.outcome("applied");
    const retired = { atMs: expect.any(Number), mayBeReused: false };
    expect(storedPrevious().portBlocks[2]).toEqual({ node: "worker3", firstPort: 3072, ports: 1024, retired });
    world.seen = { ...world.seen, nodes: [...nodes, worker(4)] };
    world.join("worker3");
    world.join("worker4");
    await world.outcome("applied");
    expect([blockOf("worker3")?.firstPort, blockOf("worker4")?.firstPort]).toEqual([3072, 4096]);
  });
});

describe("an address that nobody holds", () => {
  const asking = (mode: string) => (text: string) =>
    text.replace(
      "  name: alice-paul\n",
      `  name: alice-paul\n  annotations: {sallyport.dev/on-gateway-failure: ${mode}}\n`,
    );
  const rules = () => [...world.states.values()].flatMap(({ classes }) => classes.flatMap((one) => one.rules));
  /** At any time since the beginning. */
  const wasEverNodeIP = () =>
    world.signals.some(({ state }) => state.classes.some((one) => one.rules.some(({ nodeIP }) => nodeIP)));
  const begin = async (mode: string) => {
    world = new LoopWorld({ edit: asking(mode) });
    await world.start();
    expect(rules().map(({ nodeIP }) => nodeIP)).toEqual([undefined, undefined, undefined]);
  };
  const nobodyHolds = () => {
    world.holds = () => false;
    for (const { name } of world.seen.nodes) world.reportAgain(name);
  };
  const condition = () =>
    (load(world.stored?.get("egressnatpolicies/alice-paul.yaml") ?? "") as { status: Record<string, unknown> }).status;

  test("nodeIP: after a while its traffic leaves with node addresses, status says so, and it ends with the next holder", async () => {
    await begin("nodeIP");
    nobodyHolds();
    await vi.advanceTimersByTimeAsync(LOST_AFTER_MS - 1);
    expect(rules().some(({ nodeIP }) => nodeIP)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitFor(() => expect(rules().map(({ nodeIP }) => nodeIP)).toEqual([true, true, true]));
    await vi.waitFor(() => expect(condition()).toMatchObject({ activeFailureMode: "nodeIP", gatewayNode: null }));
    expect(condition()).toMatchObject({ conditions: [{ status: "False", reason: "GatewayLost" }] });
    expect(world.stored?.get("README.md")).toContain("**Failure mode nodeIP is active**");
    expect(world.stored?.get("allowlist.csv")).toContain("nodeIP,192.168.1.1 192.168.1.2 192.168.1.3,true");
    expect(storedPrevious().lost).toContain(IP);
    world.holds = () => true;
    for (const { name } of world.seen.nodes) world.reportAgain(name);
    await world.outcome("applied");
    expect(rules().some(({ nodeIP }) => nodeIP)).toBe(false);
    await vi.waitFor(() => expect(condition()).not.toHaveProperty("activeFailureMode"));
  });

  test("drop: its traffic stays held, and status says so", async () => {
    await begin("drop");
    nobodyHolds();
    await vi.advanceTimersByTimeAsync(LOST_AFTER_MS);
    await vi.waitFor(() => expect(condition()).toMatchObject({ activeFailureMode: "drop" }));
    expect(rules().some(({ nodeIP }) => nodeIP)).toBe(false);
  });

  test("a take-over by another node is no loss", async () => {
    await begin("nodeIP");
    nobodyHolds();
    await vi.advanceTimersByTimeAsync(900);
    world.holds = () => true;
    for (const { name } of world.seen.nodes) world.reportAgain(name);
    await vi.advanceTimersByTimeAsync(10 * LOST_AFTER_MS);
    expect(wasEverNodeIP()).toBe(false);
  });

  test("an agent that is replaced is no loss", async () => {
    await begin("nodeIP");
    const holder = world.states.get("worker1")?.lease?.addresses.find(({ ip }) => ip === IP)?.candidates[0] ?? "";
    world.connected.delete(holder);
    world.loop.trigger("report");
    await vi.advanceTimersByTimeAsync(SILENT_MAY_HOLD_MS - 1_000);
    world.connected.add(holder);
    world.reportAgain(holder);
    await vi.advanceTimersByTimeAsync(10 * LOST_AFTER_MS);
    expect(wasEverNodeIP()).toBe(false);
  });

  test("nor is a reconciler that starts anew, and none that hears nobody", async () => {
    await begin("nodeIP");
    const { stored } = world;
    await world.loop.stop();
    world = new LoopWorld({ edit: asking("nodeIP"), ...(stored && { stored }) });
    world.loop.trigger("git");
    await vi.advanceTimersByTimeAsync(10 * SILENT_MAY_HOLD_MS);
    world.join("worker2");
    await vi.advanceTimersByTimeAsync(LOST_AFTER_MS);
    expect(storedPrevious().lost).toEqual([]);
    expect(world.states.get("worker2")?.classes[0]?.rules[0]?.nodeIP).toBeUndefined();
  });

  test("a reconciler that starts anew goes on where the one before was", async () => {
    await begin("nodeIP");
    nobodyHolds();
    await vi.advanceTimersByTimeAsync(LOST_AFTER_MS);
    await vi.waitFor(() => expect(storedPrevious().lost).toContain(IP));
    const { stored } = world;
    await world.loop.stop();
    world = new LoopWorld({ edit: asking("nodeIP"), ...(stored && { stored }) });
    world.holds = () => false;
    for (const { name } of world.seen.nodes) world.join(name);
    world.loop.trigger("git");
    await vi.waitFor(() => expect(rules().map(({ nodeIP }) => nodeIP)).toEqual([true, true, true]));
  });
});
