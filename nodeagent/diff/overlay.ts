/** What separates devices, addresses, rules and routes from what they should be. */
import type { Action } from "../action.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import { NEXT_HOP, NEXT_HOP_MAC, OVERLAY_ADDRESS, OVERLAY_ALIAS, OVERLAY_DEVICE } from "../constants.ts";
import { floatingAddresses, floatingMark, isFloating } from "../floating.ts";
import type { Link, Rule } from "../kernel/ip.ts";
import { type ObservedKernel, overlayLink, ownRoutes } from "../observe.ts";
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

/** There is none, or none that can be kept. */
export function mustCreateOverlay(desired: DesiredKernel, observed: ObservedKernel): boolean {
  const found = overlayLink(observed);
  return found === undefined || mustReplace(desired, found);
}

/** Everything that leads into the overlay: device, forwarding entries, next hop, route and rules, in this order. */
export function diffOverlay(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  const found = overlayLink(observed);
  const kept = mustCreateOverlay(desired, observed) ? undefined : found;
  // What hangs on the device goes with it.
  const rest = kept
    ? observed
    : { ...observed, neighbours: [], forwarding: [], routes: [], overlaySettings: new Map() };
  return [
    ...createDevice(desired, found, kept),
    ...settleDevice(desired, kept, rest.overlaySettings),
    ...addForwarding(desired, rest),
    ...desired.families.flatMap((family) => putNextHop(family, rest)),
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

function settleDevice(
  { overlay, overlaySettings, families }: DesiredKernel,
  kept: Link | undefined,
  settings: ObservedKernel["overlaySettings"],
): readonly Action[] {
  const actions: Action[] = [];
  if (!(kept?.alias === OVERLAY_ALIAS && kept.mtu === overlay.mtu && kept.up)) {
    actions.push({ do: "settle-overlay", mtu: overlay.mtu, says: [`set ${OVERLAY_DEVICE} up, mtu ${overlay.mtu}`] });
  }
  if (!kept?.addresses.some(({ ip }) => ip === OVERLAY_ADDRESS)) {
    const mark = { label: OVERLAY_DEVICE };
    const says = [`added address ${OVERLAY_ADDRESS} to ${OVERLAY_DEVICE}`];
    actions.push({ do: "add-address", device: OVERLAY_DEVICE, ip: OVERLAY_ADDRESS, mark, says });
  }
  for (const { path, value } of overlaySettings.filter(({ family }) => families.includes(family))) {
    if (settings.get(path) !== value)
      actions.push({ do: "write-sysctl", path, value, says: [`set ${path} to ${value}`] });
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

function putNextHop(family: Family, observed: ObservedKernel): readonly Action[] {
  const nextHop = NEXT_HOP[family];
  const hasNeighbour = observed.neighbours.some(
    ({ ip, mac, permanent }) => ip === nextHop && mac === NEXT_HOP_MAC && permanent,
  );
  const hasRoute = ownRoutes(observed).some(
    (route) =>
      route.family === family && route.to === "default" && route.via === nextHop && route.device === OVERLAY_DEVICE,
  );
  const neighbour: Action = { do: "put-neighbour", family, says: [`added neighbour ${nextHop}`] };
  const route: Action = { do: "put-route", family, says: [`added route via ${nextHop} dev ${OVERLAY_DEVICE}`] };
  return [...(hasNeighbour ? [] : [neighbour]), ...(hasRoute ? [] : [route])];
}

function addRules(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  return desired.rules
    .filter((wanted) => !observed.rules.some((rule) => sameFields(rule, wanted)))
    .map((rule) => ({ do: "add-rule", rule, says: [`added rule ${ruleWords(rule)}`] }));
}

/** What nothing leads to any more. */
export function diffLeftovers(desired: DesiredKernel, observed: ObservedKernel): readonly Action[] {
  const rules = observed.rules.filter((rule) => !desired.rules.some((wanted) => sameFields(rule, wanted)));
  const unused = FAMILIES.filter((family) => !desired.families.includes(family));
  const routed = unused.filter((unrouted) => ownRoutes(observed).some(({ family }) => family === unrouted));
  const replaced = desired.forwarding.map(({ mac }) => mac);
  const entries = observed.forwarding.filter(({ mac }) => !replaced.includes(mac));
  return [
    ...rules.map((rule): Action => ({ do: "delete-rule", rule, says: [`deleted rule ${ruleWords(rule)}`] })),
    ...routed.map(
      (family): Action => ({ do: "delete-routes", family, says: [`deleted the IPv${family} route of the overlay`] }),
    ),
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

export function diffFloatingIPs(desired: DesiredKernel, { links }: ObservedKernel): FloatingDifference {
  const own = floatingAddresses(links);
  const isWanted = ({ ip, device }: { ip: string; device: string }) =>
    desired.floatingIPs.some((wanted) => wanted.ip === ip && wanted.device === device);
  const foreign = links.flatMap(({ name: device, addresses }) =>
    addresses.filter((address) => !isFloating(device, address)).map(({ ip }) => ({ ip, device })),
  );
  const taken = foreign.filter(({ ip }) => desired.floatingIPs.some((wanted) => wanted.ip === ip));
  const missing = desired.floatingIPs.filter(
    ({ ip, device }) =>
      !own.some((address) => address.ip === ip && address.device === device) && !taken.some((other) => other.ip === ip),
  );
  return {
    add: missing.map(({ ip, device }) => ({
      do: "add-address",
      device,
      ip,
      mark: floatingMark(device, ip),
      says: [`added floating address ${ip} to ${device}`],
    })),
    remove: own
      .filter((address) => !isWanted(address))
      .map(({ device, ip }) => ({
        do: "delete-address",
        device,
        ip,
        says: [`removed floating address ${ip} from ${device}`],
      })),
    announce: desired.announces
      ? missing.map((floatingIP) => ({ do: "announce-address", ...floatingIP, says: [] }))
      : [],
    conflicts: taken.map(({ ip, device }) => `${ip} is on ${device} already, and not by sallyport`),
  };
}

function ruleWords({ family, preference, iif, mark, mask, table }: Rule): string {
  return `${family === 6 ? "IPv6 " : ""}${preference}: ${iif === null ? "" : `iif ${iif} `}fwmark ${mark}/${mask} lookup ${table}`;
}

function sameFields<T extends object>(a: T, b: T): boolean {
  return (Object.keys(b) as (keyof T)[]).every((field) => a[field] === b[field]);
}
