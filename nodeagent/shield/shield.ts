/**
 * The shield: a table that somebody else's `nft flush ruleset` leaves in place, because a process owns it. The kernel
 * lets nobody else change it, and removes it when its owner ends (nft(8), flag `owner`; Linux 5.12): an interactive nft
 * that ends with the agent. It is a second line only: all else outlives the agent, and does without it.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { SHIELD_TABLE } from "../constants.ts";
import { TOOL_ENVIRONMENT } from "../kernel/environment.ts";
import type { Nft } from "../kernel/nft/nft.ts";
import type { Log } from "../log.ts";
import { shieldCommands } from "./commands.ts";
import { meet, type Shielded } from "./shielded.ts";

export interface Shield {
  /** Before the main table is brought there: shields no more than what is wanted then, too. */
  lower(to: Shielded): Promise<void>;
  /** When the main table is there. What fails is logged, and tried again next time. Does nothing when it is so already. */
  raise(to: Shielded): Promise<void>;
  /** The table goes with it. */
  close(): void;
}

const STANDS_WITHIN_MS = 2_000;
const LOOK_INTERVAL_MS = 10;

type Owner = ChildProcessByStdio<Writable, null, null>;

export function openShield(nft: Pick<Nft, "list">, log: Log): Shield {
  let owner: Owner | null = null;
  let raised: string | null = null;
  let shielded: Shielded | null = null;

  function ownerProcess(): Owner {
    if (owner !== null) return owner;
    const child = spawn("nft", ["-i"], { env: TOOL_ENVIRONMENT, stdio: ["pipe", "ignore", "ignore"] });
    const lose = (): void => {
      if (owner === child) [owner, raised] = [null, null];
    };
    child.on("error", lose).on("exit", lose);
    child.stdin.on("error", lose);
    owner = child;
    return child;
  }

  function end(): void {
    owner?.stdin.end();
    [owner, raised, shielded] = [null, null, null];
  }

  async function set(to: Shielded): Promise<void> {
    const commands = shieldCommands(to);
    shielded = to;
    if ((commands?.versionChain ?? null) === raised) return;
    if (commands === null) return end();
    ownerProcess().stdin.write(`${commands.line}\n`);
    if (await stands(nft, commands.versionChain)) raised = commands.versionChain;
    else {
      log.warn(
        {},
        "the shield does not stand: while somebody else's flush of the ruleset is repaired, packets may leak",
      );
      end();
    }
  }

  return {
    lower: async (to) => {
      if (shielded !== null) await set(meet(shielded, to));
    },
    raise: set,
    close: end,
  };
}

/** nft in its interactive form does not say when it is done. */
async function stands(nft: Pick<Nft, "list">, versionChain: string): Promise<boolean> {
  const deadlineMs = performance.now() + STANDS_WITHIN_MS;
  while (performance.now() < deadlineMs) {
    if ((await nft.list(SHIELD_TABLE))?.chains.has(versionChain)) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  return false;
}
