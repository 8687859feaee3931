/** The agent of one node: builds its parts and hands over. The command line is parsed elsewhere. */
import { type AgentParts, runLoop } from "./agent.ts";
import { createChannel } from "./channel/channel.ts";
import type { TlsFiles } from "./channel/https.ts";
import { openKernel } from "./kernel/kernel.ts";
import { createLog } from "./log.ts";
import { openCniCache } from "./pods/cni-cache.ts";
import { preflight } from "./preflight.ts";
import { openStateFile } from "./state-file.ts";
import { uninstall as removeFrom } from "./uninstall.ts";

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
  const kernel = openKernel();
  const log = createLog(options.node);
  const lacks = await preflight(kernel.sysctl);
  if (lacks.length > 0) throw new PreflightError(lacks);
  const parts: AgentParts = {
    node: options.node,
    interfaceName: options.interface ?? null,
    kernel,
    cniCache: openCniCache(options.cniCacheDirectory),
    stateFile: openStateFile(options.stateFile, options.node),
    openChannel: (events) =>
      createChannel({ node: options.node, server: options.server, tls: options.tls, random: Math.random }, events, log),
    random: Math.random,
    log,
  };
  await runLoop(parts, signal);
}

/** Removes everything of ours from this node's kernel, and nothing else. Resolves with what was removed, in words. */
export function uninstall(): Promise<readonly string[]> {
  return removeFrom(openKernel());
}
