/** The door to /proc/sys/net, which shows the network namespace of the reader. */
import { readFile, writeFile } from "node:fs/promises";

export interface Sysctl {
  /** `path` as `ipv4/conf/egvx/rp_filter`; `null` when there is no such setting (the device is gone). */
  read(path: string): Promise<number | null>;
  write(path: string, value: number): Promise<void>;
}

export function createSysctl(): Sysctl {
  return {
    async read(path) {
      try {
        return Number(await readFile(`/proc/sys/net/${path}`, "utf8"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    write: (path, value) => writeFile(`/proc/sys/net/${path}`, `${value}\n`),
  };
}
