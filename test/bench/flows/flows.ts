/** What both ends of the flows agree on. */

/** Several ports of each kind: no node has as many ports of its own as there are connections. */
export const PORTS = {
  download: [9_101, 9_102, 9_103, 9_104, 9_105, 9_106, 9_107, 9_108],
  upload: [9_111, 9_112, 9_113, 9_114, 9_115, 9_116, 9_117, 9_118],
  udp: [9_121],
} as const;

export type Kind = keyof typeof PORTS;

/** What the speaking side sends, each time. */
export const EVERY_MS = 200;

export interface Silence {
  /** Each flow's longest time without anything, since the mark, at the side that listens, in milliseconds. */
  readonly longestMs: readonly number[];
  /** Flows on which something came lately. */
  readonly alive: number;
}

const LATELY_MS = 2_000;

/** The flows that one side listens to. */
export function createListening() {
  const flows = new Map<string, { lastMs: number; longestMs: number; open: boolean }>();
  return {
    heard(key: string): void {
      const nowMs = performance.now();
      const flow = flows.get(key) ?? { lastMs: nowMs, longestMs: 0, open: true };
      flow.longestMs = Math.max(flow.longestMs, nowMs - flow.lastMs);
      flow.lastMs = nowMs;
      flows.set(key, flow);
    },
    ended(key: string): void {
      const flow = flows.get(key);
      if (flow !== undefined) flow.open = false;
    },
    mark(): void {
      for (const flow of flows.values()) flow.longestMs = 0;
    },
    silence(): Silence {
      const all = [...flows.values()];
      const nowMs = performance.now();
      return {
        longestMs: all.map(({ lastMs, longestMs }) => Math.max(longestMs, nowMs - lastMs)),
        alive: all.filter(({ lastMs, open }) => open && nowMs - lastMs < LATELY_MS).length,
      };
    },
    clear: () => flows.clear(),
  };
}
