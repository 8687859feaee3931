// Two gateways that are frozen at random · one prober · every frame taken at their two ports of the switch
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import type { Gateway } from "./segment.ts";

interface Result {
  readonly seed: number;
  readonly grants: readonly Gateway[];
  readonly runs: readonly Gateway[];
  readonly frames: number;
  readonly control: readonly Gateway[];
}

/** Each takes about a second. */
const HAND_OVERS = Number(process.env.HAND_OVERS ?? 20);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const timeoutMs = 30_000 + 5_000 * HAND_OVERS;

describe.runIf(isRoot)(`${HAND_OVERS} hand-overs with seed ${SEED}`, () => {
  let result: Result;
  beforeAll(async () => {
    result = await runInsideAsRoot("gate/handover.inside.ts", timeoutMs, [String(HAND_OVERS), String(SEED)]);
  }, timeoutMs);

  test("never does a gateway answer while another one does, nor without a grant", () => {
    expect(result.grants.length).toBeGreaterThan(HAND_OVERS);
    expect(withoutSilentGrants(result.grants, result.runs)).toEqual(result.runs);
  });

  test("nearly every grant is heard of on the wire", () => {
    expect(result.runs.length).toBeGreaterThan(result.grants.length / 2);
    expect(result.frames).toBeGreaterThan(100 * result.runs.length);
  });

  test("without the gates both answer, and the capture shows it", () => {
    expect(result.control.length).toBeGreaterThan(100);
    expect(withoutSilentGrants(result.grants, result.control)).not.toEqual(result.control);
  });
});

/** Who was frozen before it could make use of its grant was never heard. */
function withoutSilentGrants(grants: readonly Gateway[], runs: readonly Gateway[]): readonly Gateway[] {
  const heard: Gateway[] = [];
  for (const grant of grants) {
    if (grant === runs[heard.length]) heard.push(grant);
  }
  return heard;
}
