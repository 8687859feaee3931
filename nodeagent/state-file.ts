/** The last signal applied, kept on disk: after a restart the agent converges from it, reconciler or not. */
import type { NodeState, Signal } from "../policies/nodestate.ts";
import { parseSignal } from "./shape.ts";
import { readWholeFile, writeWholeFile } from "./whole-file.ts";

export interface StateFile {
  /** The signal; `null` when there is no file; one line when it cannot be used. */
  read(): Promise<Signal | string | null>;
  /** Whole or not at all, also when the power goes. */
  write(signal: Signal): Promise<void>;
}

/** Of whichever node it is; `null` when there is none that can be used. */
export async function readSavedState(path: string): Promise<NodeState | null> {
  const text = await readWholeFile(path);
  try {
    const { node } = (JSON.parse(text ?? "") as Signal).state;
    const signal = parseSignal(text ?? "", node);
    return typeof signal === "string" ? null : signal.state;
  } catch {
    return null;
  }
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
