/** Reads `ip monitor`: which of its lines speak of an object of ours. */
import { ADDRESS_LABEL_SUFFIX, ADDRESS_METRIC, OVERLAY_DEVICE, ROUTE_PROTOCOL, ROUTE_TABLE } from "../constants.ts";

/** Neighbours include the forwarding entries of VXLAN devices; `netconf` is forwarding and reverse path filters. */
export const WATCHED_OBJECTS = ["link", "address", "route", "rule", "neigh", "netconf"] as const;

const MARKS_OF_OURS = [
  OVERLAY_DEVICE,
  `\\S+${ADDRESS_LABEL_SUFFIX}`,
  `metric ${ADDRESS_METRIC}`,
  `(table|lookup) ${ROUTE_TABLE}`,
  `proto ${ROUTE_PROTOCOL}`,
].join("|");
const OWN_OBJECT = new RegExp(`(^|\\s)(${MARKS_OF_OURS})(?![\\w.-])|^inet6? all forwarding`);

/** Whoever made the change is not told by the kernel. */
export function concernsOurs(line: string): boolean {
  return OWN_OBJECT.test(line);
}
