// Gateways take addresses from each other · source nodes follow · the network and restarts do their worst, then stop
import { expect, test } from "vitest";
import { createWorld } from "./world.ts";

const SEEDS = Number(process.env.MOVES_SEEDS ?? 60);

test(`after ${SEEDS} storms all source nodes send to the holders, and none ever went back to an older one`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = createWorld(seed, { gateways: 3, sources: 8, ips: 5 });
    const { random } = world;
    world.setWeather({ loss: random.between(0, 0.5), duplicates: 0.2, delayMs: random.between(1, 900) });
    for (let step = 0; step < 60; step++) {
      const happens = random.next();
      if (happens < 0.5) world.take(random.pick(world.ips), random.pick(world.gateways));
      else if (happens < 0.6) world.restart(random.pick(world.gateways));
      else if (happens < 0.7) world.restart(random.pick(world.sources));
      world.run(random.between(0, 300));
    }
    world.calm();
    world.run(12_000);
    expect({ seed, astray: world.astray(), stepsBack: world.stepsBack }).toEqual({ seed, astray: [], stepsBack: [] });
    const before = world.messages();
    world.run(60_000);
    expect(world.messages()).toBe(before);
  }
});

test("in calm weather 5,000 source nodes know within 200 ms, with one message and one answer for each", () => {
  const world = createWorld(1, { gateways: 1, sources: 5_000, ips: 1 });
  world.run(1_000);
  world.take("ip0", "gateway0");
  world.run(200);
  expect(world.astray()).toEqual([]);
  expect(world.messages()).toBe(10_000);
});

test("a source node that is out of reach costs one message in two seconds, and hears of it when it is back", () => {
  const world = createWorld(1, { gateways: 1, sources: 1, ips: 1 });
  world.run(1_000);
  world.setWeather({ loss: 1, duplicates: 0, delayMs: 1 });
  world.take("ip0", "gateway0");
  world.run(10_000);
  const before = world.messages();
  world.run(100_000);
  expect(world.messages() - before).toBe(50);
  world.calm();
  world.run(2_001);
  expect(world.astray()).toEqual([]);
});

test("a source node that starts anew is told everything again", () => {
  const world = createWorld(1, { gateways: 2, sources: 1, ips: 3 });
  for (const ip of world.ips) world.take(ip, "gateway1");
  world.run(1_000);
  world.restart("source0");
  expect(world.astray().length).toBe(3);
  world.run(100);
  expect(world.astray()).toEqual([]);
});
