/** What separates devices, addresses, rules and routes from what they should be. */
import type { Action } from "../action.ts";
import {
  ADDRESS_LABEL_SUFFIX,
  NEXT_HOP,
  NEXT_HOP_MAC,
  OVERLAY_ADDRESS,
  OVERLAY_ALIAS,
  OVERLAY_DEVICE,
  ROUTE_PROTOCOL,
  RP_FILTER_LOOSE,
} from "../constants.ts";
import type { Link, Rule } from "../kernel/ip.ts";
import { type ObservedKernel, overlayLink } from "../observe.ts";
import type { DesiredKernel } from "../render.ts";

/** Same numbers, so it is ours although its alias was not set any more. */
function isHalfCreated(desired: DesiredKernel, { alias, vxlan }: Link): boolean {
  return alias === null && vxlan !== null && vxlan.gbp && vxlan.vni === desired.overlay.vni;
}

/** One line when the name of our device is taken; `null` when it is not. */
export function overlayConflict(desired: DesiredKernel, observed: ObservedKernel): string | null {
  const link = overlayLink(observed);
  if (link === undefined || link.alias === OVERLAY_ALIAS || isHalfCreated(desired, link)) return null;
  return `a device ${OVERLAY_DEVICE} exists that sallyport did not create`;
}

function mustReplace({ overlay }: DesiredKernel, { vxlan, mac }: Link): boolean {
  if (vxlan === null || mac !== overlay.mac) return true;
  const fixed = ["vni", "local", "port", "learning", "gbp"] as const;
  return fixed.some((property) => vxlan[property] !== overlay[property]);
}

/** Everything that leads into the overlay: device, forwarding entries, next hop, route and rules, in this order. */
export function diffOverlay(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  const found = overlayLink(observed);
  const kept = found && !mustReplace(desired, found) ? found : undefined;
  // What hangs on the device goes with it.
  const rest = kept ? observed : { ...observed, neighbours: [], forwarding: [], routes: [], overlayRpFilter: null };
  return [
    ...createDevice(desired, found, kept),
    ...settleDevice(desired, kept, rest.overlayRpFilter),
    ...addForwarding(desired, rest),
    ...putNextHop(rest),
    ...addRules(desired, observed),
  ];
}

function createDevice({ overlay }: DesiredKernel, found: Link | undefined, kept: Link | undefined): readonly Action[] {
  if (kept) return [];
  const replaced = found !== undefined;
  return [
    ...(replaced ? [{ do: "delete-link", device: OVERLAY_DEVICE, says: [] } as const] : []),
    { do: "create-overlay", device: overlay, says: [`${replaced ? "replaced" : "created"} device ${OVERLAY_DEVICE}`] },
  ];
}

function settleDevice({ overlay }: DesiredKernel, kept: Link | undefined, rpFilter: number | null): readonly Action[] {
  const actions: Action[] = [];
  if (!(kept?.alias === OVERLAY_ALIAS && kept.mtu === overlay.mtu && kept.up)) {
    actions.push({ do: "settle-overlay", mtu: overlay.mtu, says: [`set ${OVERLAY_DEVICE} up, mtu ${overlay.mtu}`] });
  }
  if (!kept?.addresses.some(({ ip }) => ip === OVERLAY_ADDRESS)) {
    const says = [`added address ${OVERLAY_ADDRESS} to ${OVERLAY_DEVICE}`];
    actions.push({ do: "add-address", device: OVERLAY_DEVICE, ip: OVERLAY_ADDRESS, label: OVERLAY_DEVICE, says });
  }
  if (rpFilter !== RP_FILTER_LOOSE) {
    actions.push({ do: "loosen-rp-filter", says: [`set rp_filter of ${OVERLAY_DEVICE} to ${RP_FILTER_LOOSE}`] });
  }
  return actions;
}

function addForwarding({ forwarding }: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  return forwarding
    .filter((wanted) => !observed.forwarding.some((entry) => sameFields(entry, wanted)))
    .map((entry) => ({
      do: "put-forwarding",
      entry,
      says: [`forwarding entry ${entry.mac} now leads to ${entry.underlayIP}`],
    }));
}

function putNextHop(observed: ObservedKernel): readonly Action[] {
  const hasNeighbour = observed.neighbours.some(
    ({ ip, mac, permanent }) => ip === NEXT_HOP && mac === NEXT_HOP_MAC && permanent,
  );
  const hasRoute = observed.routes.some(
    ({ to, via, device, protocol }) =>
      to === "default" && via === NEXT_HOP && device === OVERLAY_DEVICE && protocol === ROUTE_PROTOCOL,
  );
  return [
    ...(hasNeighbour ? [] : [{ do: "put-neighbour", says: [`added neighbour ${NEXT_HOP}`] } as const]),
    ...(hasRoute ? [] : [{ do: "put-route", says: [`added route via ${NEXT_HOP} dev ${OVERLAY_DEVICE}`] } as const]),
  ];
}

function addRules(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  return desired.rules
    .filter((wanted) => !observed.rules.some((rule) => sameFields(rule, wanted)))
    .map((rule) => ({ do: "add-rule", rule, says: [`added rule ${ruleWords(rule)}`] }));
}

/** What nothing leads to any more. */
export function diffLeftovers(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  const rules = observed.rules.filter((rule) => !desired.rules.some((wanted) => sameFields(rule, wanted)));
  const replaced = desired.forwarding.map(({ mac }) => mac);
  const entries = observed.forwarding.filter(({ mac }) => !replaced.includes(mac));
  return [
    ...rules.map((rule): Action => ({ do: "delete-rule", rule, says: [`deleted rule ${ruleWords(rule)}`] })),
    ...entries.map(
      (entry): Action => ({ do: "delete-forwarding", entry, says: [`deleted forwarding entry ${entry.mac}`] }),
    ),
  ];
}

export interface FloatingDifference {
  readonly add: readonly Action[];
  readonly remove: readonly Action[];
  readonly announce: readonly Action[];
  /** One line for each address that is there, but not by us. */
  readonly conflicts: readonly string[];
}

export function diffFloatingIPs(desired: DesiredKernel, observed: ObservedKernel): FloatingDifference {
  const all = observed.links.flatMap((link) => link.addresses.map((address) => ({ device: link.name, ...address })));
  const own = all.filter(({ device, label }) => label === `${device}${ADDRESS_LABEL_SUFFIX}`);
  const isRight = ({ device, ip }: { device: string; ip: string }) =>
    device === desired.underlay && desired.floatingIPs.includes(ip);
  const foreign = all.filter(
    ({ ip, label }) => desired.floatingIPs.includes(ip) && !label.endsWith(ADDRESS_LABEL_SUFFIX),
  );
  const missing = desired.floatingIPs.filter(
    (ip) => !own.some((address) => isRight(address) && address.ip === ip) && !foreign.some((other) => other.ip === ip),
  );
  const device = desired.underlay;
  return {
    add: missing.map((ip) => ({
      do: "add-address",
      device,
      ip,
      label: desired.addressLabel,
      says: [`added floating address ${ip} to ${device}`],
    })),
    remove: own
      .filter((address) => !isRight(address))
      .map(({ device: from, ip }) => ({
        do: "delete-address",
        device: from,
        ip,
        says: [`removed floating address ${ip} from ${from}`],
      })),
    announce: missing.map((ip) => ({ do: "announce-address", device, ip, says: [] })),
    conflicts: foreign.map(({ ip, device: on }) => `${ip} is on ${on} already, and not by sallyport`),
  };
}

function ruleWords({ preference, iif, mark, mask, table }: Rule): string {
  return `${preference}: ${iif === null ? "" : `iif ${iif} `}fwmark ${mark}/${mask} lookup ${table}`;
}

function sameFields<T extends object>(a: T, b: T): boolean {
  return (Object.keys(b) as (keyof T)[]).every((field) => a[field] === b[field]);
}
