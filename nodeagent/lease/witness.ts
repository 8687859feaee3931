/** A witness: says who may take an address, remembers who claims it, and says nothing that its disk does not hold. */
import { type Entry, freshEntry, storedPart } from "./entry.ts";
import type { Output, StartState } from "./io.ts";
import type { Membership } from "./membership.ts";
import type { Accept, Grounds, Heartbeat, List, Message, Prepare, Purpose, Watch } from "./messages.ts";
import { BATCH_MAX, HINTS_MAX, setNotice } from "./messages.ts";
import { type Ballot, isBelow, SET_KEY } from "./register.ts";
import type { Rules } from "./rules.ts";

export interface Witness {
  /** Messages that are not for a witness are ignored. */
  receive(from: string, message: Message, now: number): Output[];
  persisted(write: number): Output[];
  /** The process has learnt of a newer set; it must be on disk before anything is said under it. */
  adopted(): Output[];
  /** Tells those who watch of what has just become free because its holder is silent. */
  advance(now: number): Output[];
  wakeAt(): number;
}

/** What is known of a node that heartbeats. */
interface Sender {
  readonly newest: readonly [generation: number, number: number];
  readonly claimed: readonly string[];
  /** When it counts as silent, if nothing is heard; never again once that has been told. */
  readonly silentAt: number;
}

/** An address is free when more than the time has passed. */
const A_MOMENT_MS = 1;

interface Watcher {
  readonly generation: number;
  readonly version: number;
  readonly ips: ReadonlySet<string>;
}

export function createWitness(start: StartState, membership: Membership, rules: Rules, startedAt: number): Witness {
  const { timing } = rules;
  const entries = new Map<string, Entry>();
  const senders = new Map<string, Sender>();
  const watchers = new Map<string, Watcher>();
  /** Addresses noted as parked, by node. */
  const parks = new Map<string, Set<string>>();
  const changed = new Set<string>();
  const waiting = new Map<number, Output[]>();
  let highestRound = 0;
  let setChanged = false;
  let writes = 0;
  let lastPersisted = 0;
  /** The write that holds the newest set: nothing is said under a set that a restart would forget. */
  let setWrite = 0;

  for (const [key, stored] of start.registers) put(key, freshEntry(stored, startedAt, timing.parkNoteMs));

  function entryOf(key: string): Entry {
    return entries.get(key) ?? freshEntry(null, startedAt, timing.parkNoteMs);
  }

  function put(key: string, entry: Entry): void {
    const before = entries.get(key)?.park?.node;
    const after = entry.park?.node;
    entries.set(key, entry);
    highestRound = Math.max(highestRound, entry.promised?.[0] ?? 0);
    if (before !== undefined && before !== after) parks.get(before)?.delete(key);
    if (after !== undefined) parks.set(after, (parks.get(after) ?? new Set()).add(key));
  }

  function putOnDisk(key: string, entry: Entry): void {
    put(key, entry);
    changed.add(key);
  }

  /** Answers leave when everything they rest on is on disk. */
  function answer(to: string, message: Message): Output[] {
    const send: Output = { do: "send", to, message };
    const persist = flush();
    const needed = persist.length > 0 ? writes : setWrite;
    if (needed <= lastPersisted || !rules.persistsFirst) return [...persist, send];
    waiting.set(needed, [...(waiting.get(needed) ?? []), send]);
    return persist;
  }

  function flush(): Output[] {
    if (changed.size === 0 && !setChanged) return [];
    writes += 1;
    const registers = [...changed].map((key) => [key, storedPart(entryOf(key))] as const);
    const set = setChanged ? membership.current() : null;
    if (setChanged) setWrite = writes;
    changed.clear();
    setChanged = false;
    return [{ do: "persist", write: writes, registers, set }];
  }

  const version = () => membership.current().version;
  const notice = (ask: boolean) => setNotice(ask, start.witness, membership.current());

  function grounds(key: string, from: string, purpose: Purpose, now: number): Grounds | null {
    if (purpose === "rewrite" || key === SET_KEY) return "own";
    return rules.groundsFor(entryOf(key), from, now, startedAt, timing);
  }

  function onHeartbeat(from: string, heartbeat: Heartbeat, now: number): Output[] {
    const newest = [heartbeat.generation, heartbeat.number] as const;
    const sender = senders.get(from);
    if (sender !== undefined && !rules.isNewer(sender.newest, newest)) return [];
    const refused = heartbeat.claims.filter(([ip, epoch]) => rules.refuses(entryOf(ip), from, epoch));
    const lost = new Set(refused.map(([ip]) => ip));
    for (const [ip, epoch] of heartbeat.claims) if (!lost.has(ip)) record(ip, from, epoch, now);
    const claimed = heartbeat.claims.map(([ip]) => ip);
    const freed = release(from, sender?.claimed ?? [], new Set(claimed));
    const silentAt = claimed.length === 0 ? Number.POSITIVE_INFINITY : now + timing.freeAfterMs + A_MOMENT_MS;
    senders.set(from, { newest, claimed, silentAt });
    notePark(from, heartbeat, lost.size === 0, now);
    const watcher = watchers.get(from);
    const watch = watcher?.generation === heartbeat.generation ? watcher.version : 0;
    const answers = answer(from, {
      type: "heartbeat-answer",
      set: heartbeat.set,
      generation: heartbeat.generation,
      number: heartbeat.number,
      refused,
      watch,
      round: highestRound,
      free: freeFor(from, watcher?.ips ?? [], now),
    });
    return freed.length === 0 ? answers : [...answers, ...tellWatchers(from, freed, now)];
  }

  function tellWatchers(holder: string, freed: readonly string[], now: number): Output[] {
    const outputs: Output[] = [];
    for (const [to, { ips }] of watchers) {
      const watched = to === holder ? [] : freed.filter((ip) => ips.has(ip));
      const free = freeFor(to, watched, now);
      if (free.length > 0) outputs.push({ do: "send", to, message: { type: "freed", set: version(), free } });
    }
    return outputs;
  }

  function record(ip: string, node: string, epoch: number, now: number): void {
    const entry = entryOf(ip);
    if (!rules.records(entry, epoch)) return;
    put(ip, {
      ...entry,
      claim: { node, epoch, at: now, released: false },
      newestEpoch: Math.max(epoch, entry.newestEpoch),
    });
  }

  function release(node: string, before: readonly string[], claimed: ReadonlySet<string>): string[] {
    const freed: string[] = [];
    for (const ip of before) {
      const entry = entryOf(ip);
      if (claimed.has(ip) || entry.claim?.node !== node) continue;
      put(ip, { ...entry, claim: { ...entry.claim, released: true } });
      freed.push(ip);
    }
    return freed;
  }

  function notePark(node: string, { lease, claims, ...which }: Heartbeat, acknowledged: boolean, now: number): void {
    const heartbeat = [which.generation, which.number] as const;
    const noted = parks.get(node);
    if (lease !== "parking" && (noted === undefined || noted.size === 0)) return;
    const claimed = new Set(claims.map(([ip]) => ip));
    for (const ip of [...(noted ?? [])]) {
      const entry = entryOf(ip);
      const isLater = entry.park === null || rules.isNewer(entry.park.heartbeat, heartbeat);
      const ends = rules.endsPark(lease, isLater) || (!claimed.has(ip) && rules.endsParkOfReleased(isLater));
      if (ends) putOnDisk(ip, { ...entry, park: null });
    }
    if (lease !== "parking" || !acknowledged) return;
    for (const ip of claimed) {
      putOnDisk(ip, { ...entryOf(ip), park: { node, heartbeat }, parkedUntil: now + timing.parkNoteMs });
    }
  }

  function freeFor(node: string, ips: Iterable<string>, now: number): (readonly [string, string])[] {
    const free: (readonly [string, string])[] = [];
    for (const ip of ips) {
      if (free.length === HINTS_MAX) break;
      const entry = entryOf(ip);
      const found = rules.groundsFor(entry, node, now, startedAt, timing);
      if (found === null || found === "own") continue;
      const { claim } = entry;
      free.push([ip, claim === null || claim.released ? "" : claim.node]);
    }
    return free;
  }

  function onWatch(from: string, { generation, version, ips }: Watch): Output[] {
    const known = watchers.get(from);
    if (known !== undefined && !rules.isNewer([known.generation, known.version], [generation, version])) return [];
    watchers.set(from, { generation, version, ips: new Set(ips) });
    return [];
  }

  function onPrepare(from: string, { set, ballot, purpose, keys }: Prepare, now: number): Output[] {
    const promised: [string, Entry["accepted"], Grounds][] = [];
    const denied: [string, number][] = [];
    for (const key of keys) {
      const entry = entryOf(key);
      const found = grounds(key, from, purpose, now);
      if (!isBelow(entry.promised, ballot)) denied.push([key, entry.promised?.[0] ?? 0]);
      else if (found === null) denied.push([key, 0]);
      else {
        putOnDisk(key, { ...entry, promised: ballot });
        promised.push([key, entry.accepted, found]);
      }
    }
    return answer(from, { type: "promised", set, ballot, promised, denied });
  }

  function onAccept(from: string, { set, ballot, purpose, values }: Accept, now: number): Output[] {
    const accepted: string[] = [];
    const denied: [string, number][] = [];
    for (const [key, value] of values) {
      const entry = entryOf(key);
      if (isBelow(ballot, entry.promised ?? ballot)) denied.push([key, entry.promised?.[0] ?? 0]);
      else if (grounds(key, from, purpose, now) === null) denied.push([key, 0]);
      else {
        putOnDisk(key, accept(entry, ballot, value, now));
        accepted.push(key);
      }
    }
    return answer(from, { type: "accepted", set, ballot, accepted, denied });
  }

  function onList(from: string, { set, after }: List, now: number): Output[] {
    const keys = [...entries]
      .filter(([key, { accepted }]) => accepted !== null && key > after && key !== SET_KEY)
      .map(([key]) => key)
      .sort();
    const running = [...entries.values()].map((entry) => (entry.park === null ? 0 : entry.parkedUntil - now));
    return answer(from, {
      type: "listing",
      set,
      after,
      keys: keys.slice(0, BATCH_MAX),
      more: keys.length > BATCH_MAX,
      parkedMs: running.reduce((most, ms) => Math.max(most, ms), 0),
    });
  }

  return {
    receive(from, message, now) {
      switch (message.type) {
        case "watch":
          return onWatch(from, message);
        case "set":
          // Whoever is behind hears it; whoever asks hears what is known here.
          return message.ask || message.set.version < version() ? answer(from, notice(false)) : [];
        case "heartbeat":
        case "prepare":
        case "accept":
        case "list":
          break;
        default:
          return [];
      }
      if (!rules.obeys(version(), message.set)) return answer(from, notice(message.set > version()));
      if (!membership.has(start.witness)) return [];
      if (message.type === "heartbeat") return onHeartbeat(from, message, now);
      if (message.type === "prepare") return onPrepare(from, message, now);
      if (message.type === "accept") return onAccept(from, message, now);
      return onList(from, message, now);
    },
    persisted(write) {
      const answers: Output[] = [];
      lastPersisted = write;
      for (const [done, outputs] of waiting) {
        if (done > write) continue;
        answers.push(...outputs);
        waiting.delete(done);
      }
      return answers;
    },
    adopted() {
      setChanged = true;
      return flush();
    },
    advance(now) {
      const silent = [...senders].filter(([, { silentAt }]) => silentAt <= now);
      return silent.flatMap(([node, sender]) => {
        senders.set(node, { ...sender, silentAt: Number.POSITIVE_INFINITY });
        return membership.has(start.witness) ? tellWatchers(node, sender.claimed, now) : [];
      });
    },
    wakeAt() {
      let wakeAt = Number.POSITIVE_INFINITY;
      for (const { silentAt } of senders.values()) wakeAt = Math.min(wakeAt, silentAt);
      return wakeAt;
    },
  };
}

function accept(entry: Entry, ballot: Ballot, value: Accept["values"][number][1], now: number): Entry {
  const same = entry.accepted?.epoch === value.epoch && entry.accepted.owner === value.owner;
  return {
    ...entry,
    promised: ballot,
    accepted: { ballot, epoch: value.epoch, owner: value.owner },
    acceptedAt: same ? entry.acceptedAt : now,
  };
}
