/** What a node must not forget about leases: its name as a witness, its registers, the witness set, and its generation. */
import { randomBytes } from "node:crypto";
import type { Output } from "../lease/io.ts";
import type { StoredRegister } from "../lease/register.ts";
import { NO_SET, type WitnessId, type WitnessSet } from "../lease/witness-set.ts";
import { readWholeFile, writeWholeFile } from "../whole-file.ts";

type Persist = Extract<Output, { readonly do: "persist" }>;

export interface LeaseDisk {
  readonly witness: WitnessId;
  set(): WitnessSet;
  registers(): readonly (readonly [key: string, register: StoredRegister])[];
  /**
   * A number that no earlier run of this node had, on disk when this resolves. It fits into 32 bits, as the gate wants it.
   *
   * @param above what the gate says of the run before: a disk may have been lost
   */
  nextGeneration(above: number): Promise<number>;
  /** Resolves when it is on disk, and everything asked before. After one that failed all fail. */
  persist(write: Pick<Persist, "registers" | "set">): Promise<void>;
}

interface Stored {
  readonly disk: string;
  readonly generation: number;
  readonly set: WitnessSet;
  readonly registers: readonly (readonly [string, StoredRegister])[];
}

/** Made up once, and lost with the file: a witness that has forgotten is another witness. */
const DISK_NAME_BYTES = 8;

/** @param nowMs wall clock; only of use when the file was lost */
export async function openLeaseDisk(path: string, node: string, nowMs: () => number): Promise<LeaseDisk> {
  const stored = parse(await readWholeFile(path));
  const disk = stored?.disk ?? randomBytes(DISK_NAME_BYTES).toString("hex");
  const registers = new Map(stored?.registers);
  let { set = NO_SET, generation = 0 } = stored ?? {};
  let last: Promise<void> = Promise.resolve();
  let queued: Promise<void> | null = null;

  /** What is asked for while a write goes on shares the next one. */
  function flush(): Promise<void> {
    queued ??= last = last.then(() => {
      queued = null;
      const content: Stored = { disk, generation, set, registers: [...registers] };
      return writeWholeFile(path, JSON.stringify(content));
    });
    return queued;
  }

  // The name counts from the moment it is told.
  if (stored === null) await flush();
  return {
    witness: `${node}#${disk}`,
    set: () => set,
    registers: () => [...registers],
    async nextGeneration(above) {
      generation = Math.max(generation + 1, above + 1, Math.floor(nowMs() / 1_000));
      const begun = generation;
      await flush();
      return begun;
    },
    persist(write) {
      for (const [key, register] of write.registers) registers.set(key, register);
      set = write.set ?? set;
      return flush();
    },
  };
}

/** `null`: there is nothing to go on with. */
function parse(text: string | null): Stored | null {
  try {
    const stored = JSON.parse(text ?? "null") as Stored | null;
    const isSound =
      typeof stored?.disk === "string" &&
      Number.isSafeInteger(stored.generation) &&
      Array.isArray(stored.registers) &&
      Array.isArray(stored.set?.members);
    return isSound ? stored : null;
  } catch {
    return null;
  }
}
