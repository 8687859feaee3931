/** The agent of one node: builds its parts and hands over. The command line is parsed elsewhere. */
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { type AgentParts, runLoop } from "./agent.ts";
import { createChannel } from "./channel/channel.ts";
import type { TlsFiles } from "./channel/https.ts";
import { type Kernel, openKernel } from "./kernel/kernel.ts";
import { openLeaseDisk } from "./leasing/disk.ts";
import { openLeasing } from "./leasing/leasing.ts";
import { createLog, type Log } from "./log.ts";
import { beginRun } from "./peers/identity.ts";
import { openCniCache } from "./pods/cni-cache.ts";
import type { CheckResult } from "./preflight.ts";
import { openShield } from "./shield/shield.ts";
import { openStateFile, readSavedState, type StateFile } from "./state-file.ts";
import { demandNoAgent, uninstall as removeFrom } from "./uninstall.ts";
import { noteOwnWrites } from "./watch/own-writes.ts";
import { watchForeignChanges } from "./watch/watch.ts";

export interface AgentOptions {
  readonly node: string;
  /** `https://host:port` of the reconciler. */
  readonly server: string;
  readonly tls: TlsFiles;
  readonly stateFile: string;
  readonly cniCacheDirectory: string;
  /** Underlay interface; absent: the one that carries the node's address. */
  readonly interface?: string | undefined;
}

/** What the node lacks, one line each; nothing was touched. */
class PreflightError extends Error {
  readonly lacks: readonly string[];

  constructor(lacks: readonly string[]) {
    super(lacks.join("\n"));
    this.name = "PreflightError";
    this.lacks = lacks;
  }
}

/**
 * Runs until the signal aborts; the rules stay in the kernel.
 *
 * @throws PreflightError when the node lacks something
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const ownWrites = noteOwnWrites(openKernel(), () => performance.now());
  const log = createLog(options.node);
  preferMe(log);
  const stateFile = openStateFile(options.stateFile, options.node);
  await demandFitness(options, stateFile, log);
  const parts: AgentParts = {
    node: options.node,
    interfaceName: options.interface ?? null,
    kernel: ownWrites.kernel,
    cniCache: openCniCache(options.cniCacheDirectory),
    stateFile,
    openChannel: (events) =>
      createChannel({ node: options.node, server: options.server, tls: options.tls, random: Math.random }, events, log),
    watch: (onChange, aborted) => watchForeignChanges({ ownWrites, random: Math.random, log }, onChange, aborted),
    openLeasing: async (events) => {
      const disk = await openLeaseDisk(beside(options.stateFile, "lease.json"), options.node, Date.now);
      const beginIdentity = () => beginRun(beside(options.stateFile, "identity.json"), Date.now());
      return openLeasing(
        {
          node: options.node,
          interfaceName: options.interface ?? null,
          kernel: ownWrites.kernel,
          disk,
          beginRun: beginIdentity,
          nowMs: () => performance.now(),
          log,
        },
        events,
      );
    },
    shield: openShield(ownWrites.kernel.nft, log),
    random: Math.random,
    log,
  };
  await runLoop(parts, signal);
}

/** As the system's own daemons of this kind, and for the programs it starts. */
const NICENESS = -10;

/** An agent that waits for the processor for half a second loses its addresses to another node. */
function preferMe(log: Log): void {
  try {
    setPriority(NICENESS);
  } catch (error) {
    log.warn({ reason: (error as Error).message }, "runs without priority: on a busy node it may lose its leases");
  }
}

/** Both are secrets of this node, and lost with it. */
function beside(stateFile: string, name: "identity.json" | "lease.json"): string {
  return join(dirname(stateFile), name);
}

/** The port that every cluster has whose EgressCluster does not say another. */
const OVERLAY_PORT_DEFAULT = 4790;

async function demandFitness(options: AgentOptions, stateFile: StateFile, log: Log): Promise<void> {
  const saved = await stateFile.read();
  const signal = typeof saved === "string" ? null : saved;
  const results = await preflight(options.interface ?? null, signal?.state.overlay.port);
  const findings = results.flatMap((result) => result.findings);
  for (const { severity, found, cure } of findings) {
    if (severity === "warns") log.warn({ cure }, `preflight: ${found}`);
  }
  const lacks = findings.filter(({ severity }) => severity === "blocks");
  if (lacks.length > 0) throw new PreflightError(lacks.map(({ found, cure }) => `${found}: ${cure}`));
}

/**
 * What this node lacks, and what is in the way. Reads only.
 *
 * @param interfaceName underlay interface; `null`: the one of the default route
 */
export async function preflight(
  interfaceName: string | null,
  overlayPort = OVERLAY_PORT_DEFAULT,
): Promise<readonly CheckResult[]> {
  // Needed once: a process that runs for months does not carry it.
  const { preflight: checkAll } = await import("./preflight.ts");
  return checkAll({ interfaceName, overlayPort });
}

export interface UninstallOptions {
  /** The agent's; addresses that it holds by lease are given up first, so that other nodes take them over. */
  readonly stateFile: string;
  /** As the agent's. */
  readonly interface?: string | undefined;
}

/** Removes everything of ours from this node's kernel, and nothing else. Resolves with what was removed, in words. */
export async function uninstall(options: UninstallOptions): Promise<readonly string[]> {
  const kernel = openKernel();
  await demandNoAgent(kernel);
  const released = await release(options, kernel);
  return [...released.map((ip) => `gave up floating IP ${ip}`), ...(await removeFrom(kernel))];
}

async function release(options: UninstallOptions, kernel: Kernel): Promise<readonly string[]> {
  const state = await readSavedState(options.stateFile);
  if (state === null || state.lease === null) return [];
  const { releaseAddresses } = await import("./leasing/release.ts");
  return releaseAddresses({
    ...{ state, kernel, interfaceName: options.interface ?? null },
    disk: await openLeaseDisk(beside(options.stateFile, "lease.json"), state.node, Date.now),
    identity: await beginRun(beside(options.stateFile, "identity.json"), Date.now()),
    nowMs: () => performance.now(),
    log: createLog(state.node),
  });
}
