// Two gateways that are frozen at random · one prober · every frame taken at their two ports of the switch
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import { type HandOvers, strayFrames } from "./strays.ts";

/** Each takes about a second. */
const HAND_OVERS = Number(process.env.HAND_OVERS ?? 20);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const timeoutMs = 30_000 + 5_000 * HAND_OVERS;

describe.runIf(isRoot)(`${HAND_OVERS} hand-overs with seed ${SEED}`, () => {
  let result: HandOvers;
  beforeAll(async () => {
    result = await runInsideAsRoot("gate/handover.inside.ts", timeoutMs, [String(HAND_OVERS), String(SEED)]);
  }, timeoutMs);

  test("never does a gateway send a frame when the address is not its own", () => {
    expect(result.grants).toBeGreaterThan(HAND_OVERS);
    expect(result.strays).toEqual([]);
  });

  test("most grants are heard of on the wire", () => {
    expect(result.heard).toBeGreaterThan(result.grants / 2);
    expect(result.frames).toBeGreaterThan(100 * result.heard);
  });

  test("without the gates both answer, and the capture shows it", () => {
    expect(result.controlStrays).toBeGreaterThan(100);
  });
});

test("a frame before the first grant, or after the next one, is stray", () => {
  const grants = [
    { to: "worker1", atMs: 100 },
    { to: "worker2", atMs: 200 },
  ] as const;
  const frames = [99, 100, 199, 200].map((atMs) => ({ by: "worker1", atMs }) as const);
  expect(strayFrames(frames, grants).map(({ atMs }) => atMs)).toEqual([99, 200]);
});
