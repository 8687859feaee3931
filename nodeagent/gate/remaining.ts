/** How long the lease goes on. Read as text: nft's JSON rounds times down to seconds. */
import { LEASE_TABLE } from "../constants.ts";
import { CommandError, tryRun } from "../kernel/run.ts";

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** `null`: it is not running. */
export async function readLeaseMs(): Promise<number | null> {
  const args = ["list", "set", LEASE_TABLE.family, LEASE_TABLE.name, "lease"];
  const result = await tryRun("nft", args);
  if (result.exitCode === 0) return parseExpiry(result.stdout);
  const error = new CommandError(["nft", ...args], result);
  if (error.notFound) return null;
  throw error;
}

/** @param listing as `elements = { 0x00000000 timeout 1m expires 59s988ms }` */
export function parseExpiry(listing: string): number | null {
  const expiry = /\bexpires ((?:\d+[a-z]+)+)/.exec(listing)?.[1];
  if (expiry === undefined) return null;
  const parts = [...expiry.matchAll(/(\d+)([a-z]+)/g)];
  return parts.reduce((sum, [, count, unit = ""]) => {
    const unitMs = UNIT_MS[unit];
    if (unitMs === undefined) throw new Error(`nft lists a time of unknown shape: ${expiry}`);
    return sum + Number(count) * unitMs;
  }, 0);
}
