/** Provokes every kind of frame that claims a floating IP, and says which of them left worker1, and what reached it. */
import { sh } from "../network.ts";
import { type Capture, marker } from "./capture.ts";
import { type Device, exitCode, FLOATING, FLOATING6, OTHER_FLOATING6, OUTSIDE, OUTSIDE6, pings } from "./segment.ts";

const GATEWAY = "worker1";

/** Padded frames are ours; the kernel's are not padded on a virtual device. */
const KINDS: Readonly<Record<string, RegExp>> = {
  "ARP reply": new RegExp(`ARP, Reply ${FLOATING} is-at .* length 28$`),
  "ARP announced as request": new RegExp(`ARP, Request who-has ${FLOATING} .*tell ${FLOATING}, length 72$`),
  "ARP announced as reply": new RegExp(`ARP, Reply ${FLOATING} is-at .* length 72$`),
  "IPv4 sent": new RegExp(`IP ${FLOATING} > .* echo request`),
  "IPv4 answered": new RegExp(`IP ${FLOATING} > .* echo reply`),
  "IPv6 sent": new RegExp(`IP6 ${FLOATING6} > .* echo request`),
  "IPv6 answered": new RegExp(`IP6 ${FLOATING6} > .* echo reply`),
  "advertisement, asked for": new RegExp(`IP6 ${FLOATING6} > ${OUTSIDE6}: ICMP6, neighbor advertisement`),
  "advertisement, unasked": new RegExp(`IP6 ${FLOATING6} > ff02::1: .*tgt is ${FLOATING6}`),
  "advertisement from a link-local source": new RegExp(`IP6 fe80::bad > ff02::1: .*tgt is ${FLOATING6}`),
  "advertisement from another floating source": new RegExp(`IP6 ${OTHER_FLOATING6} > ff02::1: .*tgt is ${FLOATING6}`),
  "advertisement of another address": new RegExp(`IP6 ${FLOATING6} > ff02::1: .*tgt is ${OTHER_FLOATING6}`),
};
export const ALL_KINDS = Object.keys(KINDS);

const ARRIVALS = {
  got_arp: "ARP request",
  got_ip: "IPv4 packet",
  got_ip6: "IPv6 packet",
  got_solicitation: "neighbour solicitation",
};
export const ALL_ARRIVALS: readonly string[] = Object.values(ARRIVALS);

/** Behind the gate. */
export async function countArrivals(): Promise<void> {
  await sh(
    GATEWAY,
    `nft -f - <<END
table inet probe {
  counter got_ip { }
  counter got_ip6 { }
  counter got_solicitation { }
  chain in { type filter hook prerouting priority -300; policy accept;
    ip daddr ${FLOATING} counter name got_ip
    ip6 daddr ${FLOATING6} counter name got_ip6
    icmpv6 type nd-neighbor-solicit @th,64,128 ${FLOATING6_TARGET} counter name got_solicitation
  }
}
table arp probe {
  counter got_arp { }
  chain in { type filter hook input priority 0; policy accept;
    arp daddr ip ${FLOATING} counter name got_arp
  }
}
END`,
  );
}

const FLOATING6_TARGET = "0xfd000001000000000000000000000100";

export interface Emissions {
  readonly left: readonly string[];
  readonly arrived: readonly string[];
  /** The gateway's own address answers. */
  readonly ownAddress: boolean;
}

export async function emissions(port: Capture, { index, mac }: Device): Promise<Emissions> {
  const first = port.frames.length;
  await sh(GATEWAY, "nft reset counters >/dev/null");
  const emit = new URL("emit.ts", import.meta.url).pathname;
  await sh("outside", "ip neigh flush dev eth0");
  // First what asks: what the gateway sends would answer it.
  await Promise.all([
    exitCode("outside", "arping", "-f", "-w", "1", "-I", "eth0", FLOATING),
    pings("outside", FLOATING6),
  ]);
  await Promise.all([
    pings(GATEWAY, "-I", FLOATING, OUTSIDE),
    pings(GATEWAY, "-I", FLOATING6, OUTSIDE6),
    exitCode(GATEWAY, process.execPath, emit, String(index), mac),
  ]);
  // As a host whose caches have not noticed that the address moved on.
  await sh(
    "outside",
    `ip neigh replace ${FLOATING} lladdr ${mac} nud reachable dev eth0; ip neigh replace ${FLOATING6} lladdr ${mac} nud reachable dev eth0`,
  );
  await Promise.all([FLOATING, FLOATING6].map((ip) => pings("outside", ip)));
  const ownAddress = await marker(port);
  const texts = port.frames.slice(first).map(({ text }) => text);
  return {
    left: ALL_KINDS.filter((kind) => texts.some((text) => KINDS[kind]?.test(text))),
    arrived: await arrivals(),
    ownAddress,
  };
}

async function arrivals(): Promise<readonly string[]> {
  const { nftables } = JSON.parse(await sh(GATEWAY, "nft -j list counters"));
  const counted = new Map<string, number>(
    nftables.flatMap(({ counter }: { counter?: { name: string; packets: number } }) =>
      counter ? [[counter.name, counter.packets] as const] : [],
    ),
  );
  return Object.entries(ARRIVALS).flatMap(([name, words]) => (counted.get(name) ? [words] : []));
}
