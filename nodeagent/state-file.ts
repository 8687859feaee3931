/** The last signal applied, kept on disk: after a restart the agent converges from it, reconciler or not. */
import type { Signal } from "../policies/nodestate.ts";
import { parseSignal } from "./shape.ts";
import { readWholeFile, writeWholeFile } from "./whole-file.ts";

export interface StateFile {
  /** The signal; `null` when there is no file; one line when it cannot be used. */
  read(): Promise<Signal | string | null>;
  /** Whole or not at all, also when the power goes. */
  write(signal: Signal): Promise<void>;
}

export function openStateFile(path: string, node: string): StateFile {
  return {
    async read() {
      const text = await readWholeFile(path);
      return text === null ? null : parseSignal(text, node);
    },
    write: (signal) => writeWholeFile(path, JSON.stringify(signal)),
  };
}
