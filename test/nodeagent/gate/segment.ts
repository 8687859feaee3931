/**
 * Two gateways and an outside host on one switch, in both families. Each gateway has the floating IPs configured, and a
 * gate. To be used inside a private place.
 */
import { execa } from "execa";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import { buildNetwork, sh } from "../network.ts";
import { PLAN } from "../plan.ts";

export const FLOATING = PLAN[4].inNodeSubnet(100);
export const FLOATING6 = PLAN[6].inNodeSubnet(100);
/** Configured on no gateway. */
export const OTHER_FLOATING = PLAN[4].inNodeSubnet(101);
export const OTHER_FLOATING6 = PLAN[6].inNodeSubnet(101);
export const OUTSIDE = PLAN[4].inNodeSubnet(254);
export const OUTSIDE6 = PLAN[6].inNodeSubnet(254);
export const GATEWAYS = ["worker1", "worker2"] as const;
export type Gateway = (typeof GATEWAYS)[number];

/** Frames that claim a floating IP, whatever they are, in tcpdump's words; the advertised target lies at byte 48. */
export const CLAIMS = `src host ${FLOATING} or src host ${FLOATING6} or (ip6[40] == 136 and ip6[60:4] == 0x00000100)`;

export interface Device {
  readonly index: number;
  readonly mac: string;
}

export async function deviceOf(host: string): Promise<Device> {
  const [link] = JSON.parse(await sh(host, "ip -j link show dev eth0"));
  return { index: link.ifindex, mac: link.address };
}

export async function buildSegment(): Promise<GateScope> {
  await buildNetwork([4, 6]);
  await Promise.all(
    GATEWAYS.map((host) =>
      sh(host, `ip address add ${FLOATING}/32 dev eth0; ip address add ${FLOATING6}/128 dev eth0 nodad`),
    ),
  );
  const devices = await Promise.all(GATEWAYS.map(deviceOf));
  return {
    underlay: "eth0",
    floatingIPs: [FLOATING, FLOATING6, OTHER_FLOATING, OTHER_FLOATING6],
    gatewayMacs: devices.map(({ mac }) => mac),
  };
}

/** The command's exit code, whatever it is. */
export async function exitCode(host: string, ...command: readonly string[]): Promise<number> {
  const result = await execa("nsenter", [`--net=/run/netns/${host}`, ...command], { reject: false, stdin: "ignore" });
  return result.exitCode ?? -1;
}

/** Whether it was answered, in time even on a busy machine. */
export async function pings(host: string, ...args: readonly string[]): Promise<boolean> {
  return (await exitCode(host, "timeout", "0.8", "ping", "-c", "1", ...args)) === 0;
}
