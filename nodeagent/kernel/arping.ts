/** The door to gratuitous ARP: iputils' arping. Debian's package `arping` has a program of that name with other flags. */
import { run } from "./run.ts";

export interface Arping {
  /**
   * Tells the neighbours on this device who has the address now, as request and as reply (RFC 5227 section 3). Sent at
   * once; resolves a second later, since the program waits for answers that nobody gives.
   */
  announce(device: string, ip: string): Promise<void>;
}

export function createArping(): Arping {
  return {
    async announce(device, ip) {
      await Promise.all(["-U", "-A"].map((form) => run("arping", [form, "-c", "1", "-I", device, ip])));
    },
  };
}
