/** The numbers and names by which the kernel's objects are known as ours, each with its source. */
import type { Family } from "./addresses.ts";

/**
 * Mark bits. Kubernetes owns 0x4000 and 0x8000, portmap 0x2000 only as a whole mark, Calico 0xffff0000 by default and
 * Tailscale 0xc0000 (github.com/fwmark/registry); VXLAN-GBP carries the low 16 bits plus 0x80000 and 0x400000
 * (kernel commit 3511494ce2f3), which leaves 14 bits for the egress id.
 */
export const ID_MASK = 0x3fff;
/** The packet leaves through the overlay device. */
export const MARK_TUNNEL = 0x10000;
/** The packet must be SNATed on this node. */
export const MARK_SNAT = 0x20000;

/**
 * The main table has classified the packet, which begins a connection to a policy's destination: without this bit it meets
 * the shield. In nobody's field named above but Calico's, not carried by VXLAN-GBP, and taken off in the forward hook.
 */
export const MARK_JUDGED = 0x100000;

/**
 * In `ct mark`, with the egress id: the connection has ended. The role bit says how its packets travelled, MARK_TUNNEL or
 * MARK_SNAT; these say who was told.
 */
export const MARK_SERVER_TOLD = 0x100000;
export const MARK_CLIENT_TOLD = 0x200000;

/**
 * Acknowledged by a segment that makes a pod speak: a pod that knows the connection answers with numbers of its own, one
 * that does not with this one (RFC 9293 section 3.10.7.1).
 */
export const PROBE_NUMBER = 0x53414c59;

/** Own bits in `meta mark` and `ct mark`; the others belong to somebody else and are kept. */
export const META_MARK_KEEP = 0xffffffff - (ID_MASK | MARK_TUNNEL | MARK_SNAT);
export const CT_MARK_OURS = ID_MASK | MARK_TUNNEL | MARK_SNAT | MARK_SERVER_TOLD | MARK_CLIENT_TOLD;
export const CT_MARK_KEEP = 0xffffffff - CT_MARK_OURS;

export const MAIN_TABLE = { family: "inet", name: "sallyport" } as const;
export const GUARD_TABLE = { family: "inet", name: "sallyport_guard" } as const;
export const SHIELD_TABLE = { family: "inet", name: "sallyport_shield" } as const;
export const GATEWAY_TABLE = { family: "netdev", name: "sallyport_gw" } as const;

export const OVERLAY_DEVICE = "egvx";
/** Interface alias: a device named egvx without it is somebody else's. */
export const OVERLAY_ALIAS = "sallyport";
/** Ethernet 14 + IPv4 20 or IPv6 40 + UDP 8 + VXLAN 8 (RFC 7348), by the family of the nodes' underlay addresses. */
export const OVERLAY_OVERHEAD_BYTES: Readonly<Record<Family, number>> = { 4: 50, 6: 70 };

/**
 * Link-local (RFC 3927), on the overlay device only: strict reverse path filters demand an address on it. IPv6 has no
 * such filter, so the device has no IPv6 address.
 */
export const OVERLAY_ADDRESS = "169.254.77.2";
/** Next hop of each family's route. It exists nowhere: the egress hook writes the gateway's MAC address over its own. */
export const NEXT_HOP: Readonly<Record<Family, string>> = { 4: "169.254.77.1", 6: "fe80::e9:1" };
/** Locally administered (IEEE 802 bit 0x02) and in no forwarding entry: an id without a gateway goes nowhere. */
export const NEXT_HOP_MAC = "02:e9:ff:ff:ff:ff";

/** `protocol` of our routes and rules; unassigned in /etc/iproute2/rt_protos. */
export const ROUTE_PROTOCOL = "233";
export const ROUTE_TABLE = "7790";
/** Outer packets keep the mark of the packet they carry: without this rule they would enter the tunnel again. */
export const OUTER_RULE_PREFERENCE = 900;
export const TUNNEL_RULE_PREFERENCE = 1000;

/** Floating IPv4 addresses carry the label `<device>:sp`: iproute2 6.1 has no `proto` for addresses. */
export const ADDRESS_LABEL_SUFFIX = ":sp";
/** IFNAMSIZ less the terminating zero: the limit for device names and address labels. */
export const LABEL_LENGTH_MAX = 15;

/**
 * Floating IPv6 addresses, which cannot have a label, carry this metric. The kernel keeps it with the address
 * (IFA_RT_PRIORITY, since 4.18) and otherwise only uses it for a prefix route, which they do not have.
 */
export const ADDRESS_METRIC = 7790;

/**
 * What is changed is seen at once (watch/); this is for what no event tells, as who else uses a floating IP: that is
 * answered once in 10 s at most (RFC 5227 section 2.4 (b)). A look costs some 60 ms of processor time.
 */
export const SELF_CHECK_INTERVAL_MS = 10_000;
/** A command of the kernel's tools takes milliseconds; past this bound it hangs. */
export const COMMAND_TIMEOUT_MS = 30_000;

/** `netdev`, so that ARP, IPv4 and IPv6 are judged by one lease: no set is visible to tables of two families. */
export const LEASE_TABLE = { family: "netdev", name: "sallyport_lease" } as const;
/** Stands only while the lease table is replaced. */
export const LEASE_CURTAIN_TABLE = { family: "netdev", name: "sallyport_lease_curtain" } as const;
/** UDP on loopback, where the agent asks the kernel for its lease: below the ephemeral ports and the node ports. */
export const LEASE_PORT = 7790;
/** How long a frame of somebody else that uses one of our floating IPs is remembered. */
export const CONFLICT_REMEMBERED_S = 60;
/** The echo of a packet on loopback takes 0.03 ms, on a busy machine 1 ms. */
export const LEASE_ECHO_TIMEOUT_MS = 50;
/** UDP between the agents of two nodes. Not assigned by IANA; below the ephemeral ports and the node ports. */
export const PEERS_PORT = 7791;
