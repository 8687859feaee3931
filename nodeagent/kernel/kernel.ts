/** All doors to the kernel. Every write of the agent goes through one of them. */
import { type Announcer, createAnnouncer } from "./announcer.ts";
import { type Conntrack, createConntrack } from "./conntrack.ts";
import { createIp, type Ip } from "./ip.ts";
import { createNft, type Nft } from "./nft/nft.ts";
import { createProber, type Prober } from "./prober.ts";
import { createSysctl, type Sysctl } from "./sysctl.ts";

export interface Kernel {
  readonly nft: Nft;
  readonly ip: Ip;
  readonly conntrack: Conntrack;
  readonly announcer: Announcer;
  readonly prober: Prober;
  readonly sysctl: Sysctl;
}

/** The network namespace of this process. */
export function openKernel(): Kernel {
  return {
    nft: createNft(),
    ip: createIp(),
    conntrack: createConntrack(),
    announcer: createAnnouncer(),
    prober: createProber(),
    sysctl: createSysctl(),
  };
}
