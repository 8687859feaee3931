/** The lease at work on this node, from the state that first ordered one until one that orders none, or the agent's end. */
import { randomBytes } from "node:crypto";
import type { Gateway, LeaseOrder, NodeState } from "../../policies/nodestate.ts";
import { PEERS_PORT } from "../constants.ts";
import { floatingAddresses } from "../floating.ts";
import { type HandoverParts, startHandover } from "../flows/handover.ts";
import { parseFlowsMessage } from "../flows/validate.ts";
import { announceRepeatedly } from "../gate/announcer.ts";
import { type Conflict, lasting } from "../gate/conflicts.ts";
import type { GateScope } from "../gate/elements.ts";
import { createFrameSender, type FrameSender } from "../gate/frame-sender.ts";
import type { LeaseGate } from "../gate/gate.ts";
import { openLeaseGate } from "../gate/kernel-gate.ts";
import { probeAddresses } from "../gate/probe.ts";
import type { Link } from "../kernel/ip.ts";
import type { Nft } from "../kernel/nft/nft.ts";
import type { LeaseReport } from "../lease/io.ts";
import type { Message } from "../lease/messages.ts";
import { parseMessage } from "../lease/validate.ts";
import { RECONCILER } from "../lease/witness-set.ts";
import type { Log } from "../log.ts";
import { startMoves } from "../moves/moves.ts";
import { parseMoveMessage } from "../moves/validate.ts";
import type { Identity } from "../peers/identity.ts";
import { openPeers } from "../peers/peers.ts";
import { openUdp } from "../peers/udp.ts";
import { findUnderlay } from "../underlay.ts";
import { bridgeLease, prolong } from "./adoption.ts";
import type { LeaseDisk } from "./disk.ts";
import { startDriver } from "./driver.ts";
import { candidaciesOf, desiredOf, followedOf, type Holding, withLease } from "./effective.ts";
import { createFirstGrants } from "./first-grants.ts";
import { ungatedAddresses } from "./ungated.ts";

export interface SessionParts {
  readonly node: string;
  readonly interfaceName: string | null;
  readonly nft: Nft;
  readonly conntrack: HandoverParts["conntrack"];
  readonly disk: LeaseDisk;
  readonly identity: Identity;
  /** Held until now without a lease: they stay open. */
  readonly adopted: readonly string[];
  /** Gateways of until now. */
  readonly inherited: readonly Gateway[];
  /** Who holds what may be another now, or whether this node answers for what it holds. */
  readonly onChange: () => void;
  /** Something is to be looked after by a pass. */
  readonly onFinding: () => void;
  readonly onFailure: (reason: Error) => void;
  /** As a witness; resolves with what it says. */
  readonly askReconciler: (message: Message) => Promise<readonly unknown[]>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** As `ip link` had it when the pass began. */
export interface Place {
  readonly state: NodeState;
  readonly order: LeaseOrder;
  readonly links: readonly Link[];
}

export interface LeaseSession {
  /** Before each pass that looks at the kernel. Resolves with what was changed in the gate, in words. */
  follow(place: Place): Promise<readonly string[]>;
  /** After such a pass: which addresses this node is to hold and to let go. What then moves does not wait for a pass under way. */
  want(order: LeaseOrder): void;
  /**
   * Who else uses floating IPs, in words, as `follow` found it. Those that this node holds are announced again against a
   * stranger; against another gateway they are closed until the witnesses have been asked.
   */
  conflicts(): readonly string[];
  effective(state: NodeState): NodeState;
  /** Connections follow the addresses, by the effective state each time that it changes. */
  handOver(effective: NodeState): void;
  report(): LeaseReport;
  /** `park` leaves what is open open, for a successor. */
  stop(how: "park" | "release"): Promise<void>;
}

const KEY_BYTES = 16;

/** @throws Error with one line when another agent has the gate's port */
export async function openLeaseSession(parts: SessionParts, first: Place): Promise<LeaseSession> {
  const { node, disk, nowMs, log } = parts;
  const { gate, openIPs, generation, ...begun } = await openGate(parts, first);
  let changes = begun.changes;
  const ended = new AbortController();
  let sender: (Sender & { readonly index: number }) | null = null;
  let desired = "";
  let ungated: ReadonlyMap<string, string> = new Map();

  const peers = openPeers({
    ...{ node, port: PEERS_PORT, identity: parts.identity, openUdp, nowMs, log },
    onMessage: (from, message) => hear(from, message),
    onMet: (peer) => moves.met(peer),
  });
  const moves = startMoves({ send: peers.send, onMoved: parts.onChange, nowMs });
  const handover = startHandover({ conntrack: parts.conntrack, send: peers.send, nowMs, log });
  const driver = startDriver({
    start: { node, witness: disk.witness, generation, set: disk.set(), registers: disk.registers(), openIPs },
    ...{ gate, disk, nowMs, log },
    send: tell,
    announce: (ips) => announce(ips),
    onChange: () => {
      moves.hold(driver.report().held.map(({ ip, epoch }) => [ip, epoch]));
      parts.onChange();
    },
    onDiskFailure: parts.onFailure,
  });
  if (parts.adopted.length > 0) {
    const isClaimed = () => parts.adopted.every((ip) => driver.report().claims.some(([claimed]) => claimed === ip));
    bridgeLease(gate, isClaimed, ended.signal).catch((error: Error) => parts.onFailure(error));
  }
  const firstGrants = createFirstGrants({
    probe: (ips) => (sender === null ? Promise.resolve([]) : probeAddresses(gate, sender.frames, sender.mac, ips)),
    onProbed: parts.onFinding,
    nowMs,
  });

  function tell(to: string, message: Message): void {
    if (to !== RECONCILER) peers.send(to, message);
    else void askReconciler(message);
  }

  async function askReconciler(message: Message): Promise<void> {
    for (const answer of await parts.askReconciler(message)) hear(RECONCILER, answer);
  }

  function hear(from: string, value: unknown): void {
    const move = parseMoveMessage(value);
    if (move !== null) {
      moves.receive(from, move);
      return;
    }
    const flows = parseFlowsMessage(value);
    if (flows !== null) {
      handover.receive(from, flows);
      return;
    }
    const message = parseMessage(value);
    if (typeof message === "string") log.warn({ peer: from, reason: message }, "did not understand a peer");
    else driver.give({ on: "message", from, message });
  }

  function announce(ips: readonly string[]): void {
    if (sender === null) return;
    const isMine = (ip: string) => driver.report().held.some((held) => held.ip === ip);
    announceRepeatedly(sender.frames, { mac: sender.mac, ips, isMine }, ended.signal).catch(() => {});
  }

  function want(order: LeaseOrder): void {
    const known = knownAddresses(order);
    const unknown = candidaciesOf(order, node).filter(({ ip, holder }) => holder === null && !known.has(ip));
    const unasked = unknown.map(({ ip }) => ip).filter((ip) => !ungated.has(ip));
    const withheld = new Set([...firstGrants.withheld(unasked), ...ungated.keys()]);
    const next = desiredOf(order, node, withheld);
    // Unchanged orders are not given again: watchers and turns would begin anew.
    if (JSON.stringify(next) === desired) return;
    desired = JSON.stringify(next);
    driver.give({ on: "desired", desired: next });
  }

  /** Somebody of us has held them. */
  function knownAddresses(order: LeaseOrder): ReadonlySet<string> {
    const registered = disk.registers().flatMap(([ip, { accepted }]) => (accepted === null ? [] : [ip]));
    const { claims, pending } = driver.report();
    const heard = moves.newer().map(({ ip }) => ip);
    return new Set([
      ...registered,
      ...claims.map(([ip]) => ip),
      ...pending,
      ...heard,
      ...openIPs,
      ...order.addresses.flatMap(({ ip, holder }) => (holder === null ? [] : [ip])),
    ]);
  }

  /** @returns in words, what is new */
  function lookForUngated({ state, order, links }: Place): readonly string[] {
    const before = ungated;
    ungated = ungatedAddresses(order, node, links, findUnderlay(links, state.underlayIP, parts.interfaceName));
    return [...ungated].flatMap(([ip, words]) => (before.get(ip) === words ? [] : [words]));
  }

  function openSender({ state, links }: Place): void {
    const { index, mac } = findUnderlay(links, state.underlayIP, parts.interfaceName);
    if (sender?.index === index && sender.mac === mac) return;
    sender?.frames.close();
    const frames = createFrameSender(index, (reason) => log.warn({ reason }, "an announcement was cut short"));
    sender = { index, mac, frames };
  }

  function holding(): Holding {
    const { held, pending, claims } = driver.report();
    const epochs = new Map(claims);
    return new Map([...held.map(({ ip }) => ip), ...pending].map((ip) => [ip, epochs.get(ip) ?? null]));
  }

  return {
    async follow(place) {
      const { state, order } = place;
      const words = [...changes, ...(await gate.guard(scopeOf(place, parts.interfaceName)))];
      changes = [];
      openSender(place);
      const others = order.peers.filter((peer) => peer.node !== node);
      peers.follow(state.underlayIP, others);
      moves.knowPeers(others.map((peer) => peer.node));
      moves.follow(followedOf(order));
      return [...words, ...lookForUngated(place), ...firstGrants.takeFindings()];
    },
    want,
    conflicts() {
      const conflicts = gate.knownConflicts();
      const held = new Set(driver.report().held.map(({ ip }) => ip));
      const relevant = conflicts.filter(
        ({ ip, mac, byGateway }) => !byGateway || (held.has(ip) && mac !== sender?.mac),
      );
      const { gateways = [], strangers = [] } = Object.groupBy(
        relevant.filter(({ ip }) => held.has(ip)),
        ({ byGateway }) => (byGateway ? "gateways" : "strangers"),
      );
      announce(addressesOf(strangers));
      if (gateways.length > 0) driver.give({ on: "contested", ips: addressesOf(gateways) });
      return relevant.map((conflict) => conflictWords(conflict, nowMs()));
    },
    effective: (state) => withLease(state, holding(), moves.newer(), parts.inherited),
    handOver: handover.follow,
    report: driver.report,
    async stop(how) {
      await driver.stop(how);
      ended.abort();
      gate.close();
      moves.close();
      handover.close();
      peers.close();
      sender?.frames.close();
    },
  };
}

interface OpenedGate {
  readonly gate: LeaseGate;
  readonly changes: readonly string[];
  readonly generation: number;
  /** What the run before this one left open. */
  readonly openIPs: readonly string[];
}

async function openGate(parts: SessionParts, first: Place): Promise<OpenedGate> {
  const { nft, nowMs, disk, adopted, interfaceName } = parts;
  const gate = await openLeaseGate({ nft, key: randomBytes(KEY_BYTES).toString("hex"), nowMs });
  if (typeof gate === "string") throw new Error(gate);
  try {
    if (adopted.length > 0) {
      const generation = await disk.nextGeneration((await gate.readState())?.generation ?? 0);
      const changes = await gate.guard(scopeOf(first, interfaceName));
      const kept = (await gate.replaceMine(generation, adopted)) && (await prolong(gate, 0));
      return { gate, changes, generation, openIPs: kept ? adopted : [] };
    }
    const changes = await gate.guard(scopeOf(first, interfaceName));
    const found = await gate.readState();
    const generation = await disk.nextGeneration(found?.generation ?? 0);
    return { gate, changes, generation, openIPs: found === null || found.leaseMs === null ? [] : found.mine };
  } catch (error) {
    gate.close();
    throw error;
  }
}

function addressesOf(conflicts: readonly Conflict[]): readonly string[] {
  return [...new Set(conflicts.map(({ ip }) => ip))];
}

function conflictWords(conflict: Conflict, nowMs: number): string {
  const { ip, mac, byGateway } = conflict;
  return byGateway
    ? `the gate has failed: floating IP ${ip} is held here, but also used by the gateway with ${mac}, ${lasting(conflict, nowMs)}; asked the witnesses again`
    : `floating IP ${ip} is used by ${mac}, which is none of our gateways, ${lasting(conflict, nowMs)}`;
}

interface Sender {
  readonly mac: string;
  readonly frames: FrameSender;
}

function scopeOf({ state, order, links }: Place, interfaceName: string | null): GateScope {
  const configured = floatingAddresses(links).map(({ ip }) => ip);
  return {
    underlay: findUnderlay(links, state.underlayIP, interfaceName).name,
    floatingIPs: [...new Set([...order.floatingIPs, ...configured])],
    gatewayMacs: order.gatewayMacs,
  };
}
