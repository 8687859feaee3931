/** Sequences that chance brings about too rarely: each makes likely what one rule forbids, with its details left to chance. */
import { nodeOf } from "../../nodeagent/lease/witness-set.ts";
import { hint } from "./faults.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const LOOK_MS = 5;

function when(world: World, holds: () => boolean, forMs: number, then: () => void): void {
  const until = world.timeline.now() + forMs;
  const look = () => {
    if (holds()) return then();
    if (world.timeline.now() < until) world.timeline.after(LOOK_MS, look);
  };
  look();
}

function repeat(world: World, everyMs: number, piece: () => void): void {
  const again = () => {
    piece();
    world.timeline.after(everyMs * world.random.between(0.9, 1.1), again);
  };
  world.timeline.after(everyMs / 2, again);
}

/** Somebody who does not hold it asks, again and again. */
function insist(world: World, except: readonly SimNode[], forMs: number): void {
  const others = world.gateways.filter((node) => !except.includes(node));
  for (let at = 0; at < forMs; at += 10) world.timeline.after(at, () => hint(world, world.random.pick(others)));
}

function holderOf(world: World): { readonly ip: string; readonly holder: SimNode } | null {
  const ip = world.random.pick(world.ips);
  const holder = world.gateways.find((node) => node.isOpen(ip));
  return holder === undefined ? null : { ip, holder };
}

/**
 * An address moves, but one witness hears of it late: claims and release of the old holder arrive among the new one's.
 * Another witness hears the new holder no more.
 */
export function lateRelease(world: World): void {
  const { random, network, timeline, reconciler, gateways } = world;
  const witnessNodes = () => reconciler.set().members.map(nodeOf);
  repeat(world, 4000, () => {
    const found = holderOf(world);
    if (found === null) return;
    const { ip, holder } = found;
    const late = random.pick(witnessNodes().filter((name) => name !== holder.name));
    const byMs = random.between(720, 880);
    network.slow(holder.name, late, byMs, 3000);
    reconciler.move(ip, random.pick(gateways).name);
    const next = () => gateways.find((node) => node !== holder && node.isOpen(ip));
    when(
      world,
      () => next() !== undefined,
      3000,
      () => {
        const holds = next() as SimNode;
        const known = [late, holder.name, holds.name];
        const deaf = witnessNodes().filter((name) => !known.includes(name));
        if (deaf.length > 0) network.cut(holds.name, random.pick(deaf), 3000);
        timeline.after(byMs - 150, () => insist(world, [holds, holder], 250));
      },
    );
  });
}

/** An agent takes over what its parked predecessor kept open; all hear it, it hears no acknowledgement in time, and freezes. */
export function freezeAtResume(world: World): void {
  const { random, network, timeline, reconciler } = world;
  repeat(world, 5000, () => {
    const holder = holderOf(world)?.holder;
    if (holder === undefined) return;
    holder.stop("park");
    when(
      world,
      () => !holder.isAlive(),
      2500,
      () => {
        for (const member of reconciler.set().members) network.slow(nodeOf(member), holder.name, 108, 3000);
        holder.start();
        timeline.after(random.between(500, 1000), () => holder.pause(1500));
      },
    );
  });
}

/** A holder is heard by all and hears nobody, for as long as it takes until the next one is. */
export function deafHolder(world: World): void {
  const { network, nodes } = world;
  const everyMs = 6000;
  repeat(world, everyMs, () => {
    const holder = holderOf(world)?.holder;
    for (const node of nodes) if (holder !== undefined && node !== holder) network.cut(node.name, holder.name, everyMs);
  });
}

/** Heartbeats from before a park are late, and the witnesses that have noted the park start anew before they arrive. */
export function overtakenPark(world: World): void {
  const { random, network, timeline, nodes, reconciler } = world;
  repeat(world, 9000, () => {
    const holder = holderOf(world)?.holder;
    if (holder === undefined) return;
    const others = reconciler
      .set()
      .members.map(nodeOf)
      .filter((name) => name !== holder.name);
    for (const name of others) network.slow(holder.name, name, random.between(500, 800), 250);
    timeline.after(260, () => {
      holder.stop("park");
      when(
        world,
        () => !holder.isAlive(),
        2500,
        () => {
          for (const node of nodes.filter(({ name }) => others.includes(name))) {
            node.kill();
            node.start();
          }
          timeline.after(4000, () => holder.start());
        },
      );
    });
  });
}

/** One witness has not heard a holder for long, another is replaced, and the holder freezes on a fresh lease. */
export function changeUnderLease(world: World): void {
  const { random, network, timeline, nodes, reconciler } = world;
  repeat(world, 6000, () => {
    const found = holderOf(world);
    const { version, members } = reconciler.set();
    const deaf = random.pick(members);
    const gone = members.find((member) => member !== deaf && nodeOf(member) !== found?.holder.name);
    const fresh = nodes.find((node) => !members.includes(node.witness()) && node !== found?.holder);
    if (found === null || gone === undefined || fresh === undefined) return;
    const { holder } = found;
    network.cut(holder.name, nodeOf(deaf), 5000);
    timeline.after(800, () => {
      const next = [...members.filter((member) => member !== gone), fresh.witness()].sort();
      reconciler.wantWitnesses(next, null);
      const changed = () => nodes.some((node) => (node.report()?.witnesses.version ?? 0) > version);
      when(world, changed, 3000, () => {
        holder.pause(1000);
        insist(world, [holder], 600);
      });
    });
  });
}

/** While an agent is parked, all witnesses are replaced. */
export function changeUnderPark(world: World): void {
  const { random, timeline, nodes, reconciler } = world;
  repeat(world, 12_000, () => {
    const node = random.pick(world.gateways);
    node.stop("park");
    when(
      world,
      () => !node.isAlive(),
      2500,
      () => {
        timeline.after(8000, () => node.start());
        const { members } = reconciler.set();
        const others = nodes.filter((one) => one !== node && !members.includes(one.witness()));
        reconciler.wantWitnesses(others.map((one) => one.witness()).sort(), null);
      },
    );
  });
}

/** All witnesses are replaced by the nodes that were none, of whom a holder reaches only one. */
export function replaceWitnesses(world: World): void {
  const { nodes, network, reconciler } = world;
  repeat(world, 10_000, () => {
    const { members } = reconciler.set();
    const others = nodes.map((node) => node.witness()).filter((witness) => !members.includes(witness));
    reconciler.wantWitnesses(others.sort(), null);
    const holder = holderOf(world)?.holder;
    if (holder === undefined) return;
    const strangers = others.filter((witness) => nodeOf(witness) !== holder.name).slice(0, 2);
    for (const stranger of strangers) network.cut(holder.name, nodeOf(stranger), 9000);
  });
}
