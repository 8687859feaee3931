/** Judges hand-overs by what was on the wire: times of the arbiter and of the capture are of one machine's clock. */
import type { Grant } from "./arbiter.ts";
import type { Gateway } from "./segment.ts";

export interface SentFrame {
  readonly by: Gateway;
  readonly atMs: number;
}

export interface HandOvers {
  readonly grants: number;
  /** Grants whose gateway was heard before the next one: some were frozen before they could make use of it. */
  readonly heard: number;
  readonly frames: number;
  readonly strays: readonly SentFrame[];
  /** As `strays`, without gates. */
  readonly controlStrays: number;
}

/** Frames of a gateway to which the address was not granted at that moment. */
export function strayFrames(frames: readonly SentFrame[], grants: readonly Grant[]): readonly SentFrame[] {
  return frames.filter(({ by, atMs }) => grants.findLast((grant) => grant.atMs <= atMs)?.to !== by);
}

export function heardGrants(frames: readonly SentFrame[], grants: readonly Grant[]): number {
  const heard = grants.filter(({ to, atMs }, index) => {
    const endMs = grants[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return frames.some((frame) => frame.by === to && frame.atMs >= atMs && frame.atMs < endMs);
  });
  return heard.length;
}
