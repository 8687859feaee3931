// The loop alone: doors to nowhere, a state on disk, and a first pass that is stopped midway
import { expect, test } from "vitest";
import { type AgentParts, runLoop } from "../../nodeagent/agent.ts";
import type { Kernel } from "../../nodeagent/kernel/kernel.ts";
import { noLeasing } from "./no-leasing.ts";
import { nodeState, signal } from "./states.ts";

test("an agent told to end in the midst of a pass ends it, and only then what a pass may begin", async () => {
  const done: string[] = [];
  const note = (what: string) => async () => void done.push(what);
  const [reading, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const terminated = new AbortController();
  const parts: AgentParts = {
    ...{ node: "worker1", interfaceName: null, random: () => 0 },
    kernel: {
      ip: {
        async look() {
          reading.resolve();
          await read.promise;
          done.push("pass");
          throw new Error("nothing is there");
        },
      },
      nft: { list: async () => null },
      sysctl: { read: async () => null },
    } as unknown as Kernel,
    cniCache: { read: async () => [], watch() {} },
    stateFile: { read: async () => signal(nodeState(1)), write: async () => {} },
    openChannel: () => ({ run: untilAborted, report() {}, askWitness: async () => [] }),
    watch: (_, aborted) => untilAborted(aborted),
    openLeasing: async () => ({ ...noLeasing, park: note("lease parked") }),
    shield: { lower: async () => {}, raise: async () => {}, close: () => void done.push("shield closed") },
    log: { info() {}, warn() {}, error() {} },
  };
  const ended = runLoop(parts, terminated.signal);
  await reading.promise;
  terminated.abort();
  setImmediate(read.resolve);
  await ended;
  expect(done).toEqual(["pass", "lease parked", "shield closed"]);
});

async function untilAborted(aborted: AbortSignal): Promise<void> {
  if (!aborted.aborted) await new Promise((resolve) => aborted.addEventListener("abort", resolve));
}
