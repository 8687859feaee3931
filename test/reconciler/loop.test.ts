import { beforeEach, expect, test, vi } from "vitest";
import { pod } from "../policies/builders.ts";
import { frontend, LoopWorld } from "./loop-world.ts";

let world: LoopWorld;

beforeEach(async () => {
  world = new LoopWorld();
  await world.start();
});

test("one pod's event signals its node and no other", async () => {
  const moved = pod("alice/frontend-2", "10.10.0.9", { node: "worker2", ...frontend });
  world.seen = { ...world.seen, pods: world.seen.pods.with(1, moved) };
  world.loop.trigger("inventory");
  await vi.waitFor(() => expect(world.signals).toHaveLength(1));
  expect(world.signals[0]?.state).toMatchObject({
    node: "worker2",
    pods: [{ ips: ["10.10.0.9"], class: "alice-paul" }],
  });
  await world.outcome("applied");
});

test("a commit that changes nothing is told to have no effect, also after pods came and went", async () => {
  world.seen = { ...world.seen, pods: world.seen.pods.slice(1) };
  world.loop.trigger("inventory");
  await vi.waitFor(() => expect(world.signals).toHaveLength(1));
  world.head = "b".repeat(40);
  world.loop.trigger("git");
  await world.outcome("no-effect");
  expect(world.signals.map(({ state }) => state.node)).toEqual(["worker1"]);
});

test("a node that left and came back is told nothing before it reported what its kernel holds", async () => {
  const { nodes } = world.seen;
  world.seen = { ...world.seen, nodes: nodes.slice(0, 2) };
  world.loop.trigger("inventory");
  await world.outcome("applied");
  expect(world.forgotten).toEqual(["worker3"]);
  world.signals = [];
  world.seen = { ...world.seen, nodes: [...nodes] };
  world.loop.trigger("inventory");
  const waiting = [expect.stringContaining("worker3")];
  await vi.waitFor(() => expect(world.loop.status()).toMatchObject({ waiting }));
  expect(world.signals.map(({ state }) => state.node)).not.toContain("worker3");
  world.join("worker3");
  await world.outcome("applied");
  expect(world.signals.map(({ state }) => state.node)).toContain("worker3");
});
