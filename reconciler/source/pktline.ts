/** Git's framing (gitprotocol-common): four hex digits of length, then that many bytes less four. */
import { GitError } from "./failure.ts";

export const flushPacket = "0000";
export const delimiterPacket = "0001";

export type Packet = Buffer | "flush" | "delimiter" | "response-end";

const controlPackets = ["flush", "delimiter", "response-end"] as const;

export function packetLine(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text;
}

/** Throws a transient `GitError` where the bytes end inside a packet or are no packets at all. */
export function* readPackets(bytes: Buffer): Generator<Packet> {
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + 4 > bytes.length) throw truncated();
    const head = bytes.toString("latin1", offset, offset + 4);
    const length = /^[0-9a-f]{4}$/i.test(head) ? Number.parseInt(head, 16) : 3;
    if (length === 3)
      throw new GitError("transient", `the answer is not in Git's packet format ("${printable(head)}")`);
    if (length < 3) {
      yield controlPackets[length] ?? "flush";
      offset += 4;
      continue;
    }
    if (offset + length > bytes.length) throw truncated();
    yield bytes.subarray(offset + 4, offset + length);
    offset += length;
  }
}

/**
 * Every answer of the smart protocol ends in a flush packet or an error packet. An answer that was cut elsewhere would
 * read as a shorter, valid one: a cut list of branches looks like a deleted branch. Throws a transient `GitError` for
 * it, and one with the server's words for an error packet.
 */
export function assertWhole(bytes: Buffer): void {
  let last: Packet | undefined;
  let flushesMissing = 1;
  for (const packet of readPackets(bytes)) {
    // Advertisements of protocol v0 and v1 have a flush of their own after the service line.
    if (last === undefined && Buffer.isBuffer(packet) && packet.toString("latin1").startsWith("# service=")) {
      flushesMissing = 2;
    }
    if (packet === "flush") flushesMissing--;
    if (Buffer.isBuffer(packet) && packet.toString("latin1", 0, 4) === "ERR ")
      throw serverError(packet.toString("utf8", 4));
    last = packet;
  }
  if (last !== "flush" || flushesMissing > 0) throw truncated();
}

/** What a server says about its errors, as one printable line. */
export function serverError(text: string): GitError {
  const message = text
    .replace(/[^ -~]+/g, " ")
    .trim()
    .slice(0, 200);
  const isGone = /not our ref|unknown object|missing/i.test(message);
  return new GitError(isGone ? "permanent" : "transient", `the server says: ${message}`);
}

function truncated(): GitError {
  return new GitError("transient", "the answer was cut off before its end");
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}
