/** Messages at the door: a peer of another version, or one that somebody got into, may say anything. */
import { isCanonicalAddress } from "../addresses.ts";
import { ADDRESSES_MAX, type HeldEpoch, type Moved, type MovedAnswer } from "./messages.ts";

/** @returns `null` when it is neither */
export function parseMoveMessage(value: unknown): Moved | MovedAnswer | null {
  if (typeof value !== "object" || value === null) return null;
  const { type, upTo, held } = value as Readonly<Record<string, unknown>>;
  if (!isCount(upTo)) return null;
  if (type === "moved-answer") return { type, upTo };
  return type === "moved" && isHeld(held) ? { type, upTo, held } : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isHeld(value: unknown): value is readonly HeldEpoch[] {
  return Array.isArray(value) && value.length <= ADDRESSES_MAX && value.every(isHeldEpoch);
}

function isHeldEpoch(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [ip, epoch] = value;
  return typeof ip === "string" && isCanonicalAddress(ip) && isCount(epoch);
}
