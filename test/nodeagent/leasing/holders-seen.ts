/** Who was seen to hold an address, from what each node sent under it at its port of the switch. */

export interface SeenFrame {
  readonly by: string;
  readonly atMs: number;
  /** In tcpdump's words. */
  readonly text?: string;
}

/**
 * The holders one after the other. Two that send at the same time appear again and again: the list then is longer than that of
 * the known take-overs.
 */
export function holdersSeen(frames: readonly SeenFrame[]): readonly string[] {
  const inOrder = frames.toSorted((a, b) => a.atMs - b.atMs);
  return inOrder.map(({ by }) => by).filter((by, index, all) => by !== all[index - 1]);
}
