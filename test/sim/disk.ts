/** A node's disk: writes land in order and take their time; those under way are lost with the power, not with the process. */
import type { Output, StartState } from "../../nodeagent/lease/io.ts";
import type { StoredRegister } from "../../nodeagent/lease/register.ts";
import { NO_SET, type WitnessSet } from "../../nodeagent/lease/witness-set.ts";
import type { Timeline } from "./timeline.ts";

type Persist = Extract<Output, { do: "persist" }>;

export interface Disk {
  write(persist: Persist, takesMs: number, landed: () => void): void;
  content(): Pick<StartState, "set" | "registers">;
  losePower(): void;
  /** Everything is gone. */
  wipe(): void;
}

export function createDisk(timeline: Timeline): Disk {
  let set: WitnessSet = NO_SET;
  let registers = new Map<string, StoredRegister>();
  let power = 0;
  let busyUntil = 0;
  const losePower = () => {
    power += 1;
    busyUntil = 0;
  };
  return {
    write(persist, takesMs, landed) {
      const began = power;
      const now = timeline.now();
      busyUntil = Math.max(busyUntil, now + takesMs);
      timeline.after(busyUntil - now, () => {
        if (power !== began) return;
        for (const [key, register] of persist.registers) registers.set(key, register);
        if (persist.set !== null) set = persist.set;
        landed();
      });
    },
    content: () => ({ set, registers: [...registers] }),
    losePower,
    wipe() {
      losePower();
      set = NO_SET;
      registers = new Map();
    },
  };
}
