/** The agent's loop: signals, changes of pods and the clock ask for a pass; passes run one at a time and report. */
import type { NodeReport, Signal } from "../policies/nodestate.ts";
import { createBackoff } from "./backoff.ts";
import type { Channel, ChannelEvents } from "./channel/channel.ts";
import { coalesce } from "./coalesce.ts";
import { SELF_CHECK_INTERVAL_MS } from "./constants.ts";
import { type Convergence, converge, oneLine, type Seen } from "./converge.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Leasing, LeasingEvents } from "./leasing/leasing.ts";
import type { Log } from "./log.ts";
import { type ObservedKernel, observe } from "./observe.ts";
import type { CniCache } from "./pods/cni-cache.ts";
import { reportOf } from "./report.ts";
import { parseSignal } from "./shape.ts";
import type { Shield } from "./shield/shield.ts";
import { shieldedBy } from "./shield/shielded.ts";
import type { StateFile } from "./state-file.ts";
import { underlayMacOf } from "./underlay.ts";
import type { OnForeignChange } from "./watch/watch.ts";

const RETRY_LEAST_MS = 500;
const RETRY_MOST_MS = 10_000;

/** Why a pass is made. */
type Reason = "start" | "signal" | "verify" | "pods" | "lease" | "foreign" | "self-check" | "retry";

export interface AgentParts {
  readonly node: string;
  /** `null`: the interface that carries the node's address. */
  readonly interfaceName: string | null;
  readonly kernel: Kernel;
  readonly cniCache: CniCache;
  readonly stateFile: StateFile;
  readonly openChannel: (events: ChannelEvents) => Channel;
  /** Calls back when somebody else changed objects of ours; resolves when the signal aborts. */
  readonly watch: (onChange: OnForeignChange, signal: AbortSignal) => Promise<void>;
  readonly openLeasing: (events: LeasingEvents) => Promise<Leasing>;
  readonly shield: Shield;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Resolves when the signal aborts and the pass that was running is done. What is in the kernel stays there.
 *
 * @throws Error when the disk refuses what must not be forgotten about leases
 */
export async function runLoop(parts: AgentParts, terminated: AbortSignal): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([terminated, broken.signal]);
  const { node, kernel, cniCache, stateFile, log } = parts;
  const retry = createBackoff(RETRY_LEAST_MS, RETRY_MOST_MS, parts.random);
  const reasons = new Set<Reason>();
  const culprits = new Set<string>();
  let desired: Signal | null = await readState(stateFile, log);
  let persisted = desired;
  let remembered: ObservedKernel | null = null;
  const leasing = await parts.openLeasing({
    onMoved: () => request("lease"),
    onReport: () => channel.report(),
    onFinding: () => request("verify"),
    onFailure: (reason) => broken.abort(reason),
    askReconciler: (message) => channel.askWitness(message),
  });
  let report: NodeReport = reportOf(node, null, NOTHING_YET, {
    identity: { publicKey: leasing.publicKey, underlayMac: null, witness: leasing.witness },
    lease: null,
  });
  let retryTimer: NodeJS.Timeout | undefined;

  const channel = parts.openChannel({
    lastGeneration: () => desired?.generation ?? 0,
    latestReport: () => ({ ...report, lease: leasing.report() }),
    onVerify: () => request("verify"),
    onSignal(text) {
      const received = parseSignal(text, node);
      if (typeof received === "string") {
        log.error({ reason: received }, "refused a signal, the last good one stays");
        return;
      }
      // The reconciler relies on this: what an agent applied is never taken back by something older.
      if (desired !== null && received.generation < desired.generation) {
        log.warn({ generation: received.generation }, "ignored a signal that is older than the one in force");
        return;
      }
      log.info({ generation: received.generation, hash: received.hash }, "received a signal");
      desired = received;
      request("signal");
    },
  });

  const passes = coalesce(async () => {
    const why = [...reasons];
    const by = [...culprits];
    reasons.clear();
    culprits.clear();
    if (signal.aborted) return;
    clearTimeout(retryTimer);
    const target = desired;
    const result = blame(await pass(target, why), why, by);
    remembered = result.error === null ? result.observed : null;
    const before = report;
    report = reportOf(node, target, result, { identity: identityAt(target, result.observed), lease: leasing.report() });
    if (mustReport(why, before, report)) channel.report();
    logPass(log, why, report, result.changes);
    if (result.error === null) {
      retry.reset();
      if (target !== null) await parts.shield.raise(shieldedBy(target.state));
      if (target !== null && target !== persisted) persisted = await persist(stateFile, target, log);
    } else {
      retryTimer = setTimeout(() => request("retry"), retry.nextMs());
    }
  });

  async function pass(target: Signal | null, why: readonly Reason[]): Promise<Convergence> {
    if (target === null) return look(kernel);
    // A pod that starts, or an address that moves, waits for this pass: what was seen last is acted on at once.
    const fromMemory = why.every((reason) => reason === "pods" || reason === "lease") ? remembered : null;
    await parts.shield.lower(shieldedBy(target.state));
    let changes: readonly string[] = [];
    let seen: Seen;
    try {
      seen =
        fromMemory === null ? { kernel: await observe(kernel), isFresh: true } : { kernel: fromMemory, isFresh: false };
      changes = await leasing.follow(target.state, fromMemory === null ? seen.kernel.links : null);
      if (why.includes("self-check")) changes = [...changes, ...leasing.conflicts()];
    } catch (error) {
      return { ...NOTHING_YET, error: oneLine(error) };
    }
    const input = {
      state: leasing.effective(target.state),
      attachments: await cniCache.read(),
      interfaceName: parts.interfaceName,
    };
    const result = await converge(input, kernel, inBackground, seen);
    const final = result.error !== null && fromMemory !== null ? await converge(input, kernel, inBackground) : result;
    if (fromMemory === null) leasing.decide(target.state);
    return { ...final, changes: [...changes, ...final.changes] };
  }

  function identityAt(target: Signal | null, observed: ObservedKernel | null): NodeReport["identity"] {
    const { publicKey, witness } = leasing;
    const links = observed?.links ?? [];
    const underlayMac = target && underlayMacOf(links, target.state.underlayIP, parts.interfaceName);
    return { publicKey, underlayMac: underlayMac ?? report.identity?.underlayMac ?? null, witness };
  }

  function inBackground(what: string, work: Promise<void>): void {
    work.catch((error: Error) => log.warn({ reason: error.message }, `could not ${what}`));
  }

  function request(reason: Reason): void {
    reasons.add(reason);
    passes().catch((error: Error) => {
      log.error({ reason: error.message }, "a pass ended unexpectedly");
      retryTimer = setTimeout(() => request("retry"), retry.nextMs());
    });
  }

  const watching = parts.watch((by) => {
    for (const culprit of by) culprits.add(culprit);
    request("foreign");
  }, signal);
  const selfCheck = setInterval(() => request("self-check"), SELF_CHECK_INTERVAL_MS);
  cniCache.watch(() => request("pods"), signal);
  request("start");
  await passes().catch(() => {});
  await channel.run(signal);
  clearInterval(selfCheck);
  // A pass under way may yet begin a lease or raise the shield; only after it is there nothing that is not ended here.
  await passes().catch(() => {});
  clearTimeout(retryTimer);
  await leasing.park();
  await watching;
  parts.shield.close();
  broken.signal.throwIfAborted();
}

const NOTHING_YET: Convergence = { error: null, changes: [], observed: null, unknownPods: [] };

const CULPRITS_MAX = 3;

/** Says first who made repairs necessary, where nothing else was to be done. */
function blame(result: Convergence, why: readonly Reason[], culprits: readonly string[]): Convergence {
  const repairsOnly = why.includes("foreign") && why.every((reason) => reason === "foreign" || isByClock(reason));
  if (!repairsOnly || result.changes.length === 0) return result;
  const named = culprits.length === 0 ? "somebody else" : culprits.slice(0, CULPRITS_MAX).join(" and ");
  return { ...result, changes: [`repaired what was changed by ${named}`, ...result.changes] };
}

function isByClock(reason: Reason): boolean {
  return reason === "self-check" || reason === "retry";
}

/** Without a signal there is nothing to converge to; what earlier runs left behind is reported, not removed. */
async function look(kernel: Kernel): Promise<Convergence> {
  return { error: null, changes: [], observed: await observe(kernel), unknownPods: [] };
}

async function readState(stateFile: StateFile, log: Log): Promise<Signal | null> {
  const state = await stateFile.read();
  if (typeof state !== "string") return state;
  log.error({ reason: state }, "the state file cannot be used, waiting for the reconciler");
  return null;
}

async function persist(stateFile: StateFile, signal: Signal, log: Log): Promise<Signal | null> {
  try {
    await stateFile.write(signal);
    return signal;
  } catch (error) {
    log.error({ reason: (error as Error).message }, "could not write the state file");
    return null;
  }
}

/** A look that found everything in order is not news, unless somebody asked. */
function mustReport(why: readonly Reason[], before: NodeReport, report: NodeReport): boolean {
  const unasked = why.every((reason) => reason === "foreign" || isByClock(reason));
  return !unasked || report.changes.length > 0 || report.outcome !== before.outcome || report.error !== before.error;
}

function logPass(log: Log, why: readonly Reason[], report: NodeReport, changes: readonly string[]): void {
  for (const change of changes) log.info({ because: why.join(", ") }, change);
  const { generation, kernel } = report;
  if (report.error !== undefined) log.error({ generation, reason: report.error }, "did not converge");
  else if (changes.length > 0 || !why.every((reason) => reason === "foreign" || reason === "self-check")) {
    log.info({ generation, pods: kernel.pods, heldPods: kernel.heldPods.length, held: kernel.held }, "converged");
  }
}
