/**
 * The door to the neighbours' caches: gratuitous ARP by iputils' arping (Debian's package `arping` has a program of that
 * name with other flags), unsolicited neighbour advertisements by socat.
 */
import { familyOf } from "../addresses.ts";
import { advertisementFrame } from "./advertisement.ts";
import { run } from "./run.ts";

interface Announcement {
  readonly device: string;
  /** MAC address of the device. */
  readonly mac: string;
  readonly ip: string;
}

export interface Announcer {
  /**
   * Tells the neighbours on this device who has the address now. IPv4: as request and as reply (RFC 5227 section 3), sent
   * at once; resolves a second later, since the program waits for answers that nobody gives.
   */
  announce(announcement: Announcement): Promise<void>;
}

export function createAnnouncer(): Announcer {
  return {
    async announce({ device, mac, ip }) {
      if (familyOf(ip) === 4) {
        await Promise.all(["-U", "-A"].map((form) => run("arping", [form, "-c", "1", "-I", device, ip])));
        return;
      }
      const frame = advertisementFrame(mac, ip);
      await run("socat", ["-u", `-b${frame.length}`, "STDIN", `INTERFACE:${device}`], frame);
    },
  };
}
