/**
 * Who this node is to its peers: a key pair made at the agent's first start, and the number of this run. Both are in one
 * file, so that they are lost together: a pair whose runs are numbered from the beginning would be refused.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { readWholeFile, writeWholeFile } from "../whole-file.ts";
import { RUN_MAX } from "./datagram.ts";

export interface Identity {
  readonly privateKey: KeyObject;
  /** X25519, base64url; see `Peer`. */
  readonly publicKey: string;
  /** Larger than that of every earlier run with this key pair. */
  readonly run: number;
  /** Why the pair is a new one; `null`: it is that of the run before. */
  readonly renewed: string | null;
}

interface Stored {
  readonly privateKey: KeyObject;
  readonly run: number;
}

/**
 * Begins a run. When it resolves, the run's number is on disk.
 *
 * @param nowMs wall clock. It only keeps a file that was restored from a backup ahead of the runs after that backup;
 * with a clock that went back the number grows all the same.
 */
export async function beginRun(path: string, nowMs: number): Promise<Identity> {
  const stored = await readStored(path);
  const renewed = typeof stored === "string" ? stored : null;
  const before = typeof stored === "string" ? newPair() : stored;
  const { privateKey } = before;
  const run = Math.min(RUN_MAX, Math.max(before.run + 1, Math.floor(nowMs)));
  const key = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  await writeWholeFile(path, JSON.stringify({ privateKey: key, run }));
  return { privateKey, publicKey: publicPart(privateKey), run, renewed };
}

/** @returns one line when there is nothing to go on with */
async function readStored(path: string): Promise<Stored | string> {
  const text = await readWholeFile(path);
  if (text === null) return "there was none";
  if (((await stat(path)).mode & 0o077) !== 0) return `${path} could be read by others than its owner`;
  return parseStored(text) ?? `${path} cannot be read as a key pair`;
}

function parseStored(text: string): Stored | null {
  try {
    const { privateKey: key, run } = JSON.parse(text);
    const privateKey = createPrivateKey({ key: Buffer.from(key, "base64"), format: "der", type: "pkcs8" });
    const sound = privateKey.asymmetricKeyType === "x25519" && Number.isSafeInteger(run) && run > 0 && run < RUN_MAX;
    return sound ? { privateKey, run } : null;
  } catch {
    return null;
  }
}

function newPair(): Stored {
  return { privateKey: generateKeyPairSync("x25519").privateKey, run: 0 };
}

function publicPart(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (x === undefined) throw new Error("an X25519 key without a public part");
  return x;
}
