/** What goes wrong, when, until when. At the end everything is mended: what is dead starts, what is frozen runs. */
import { nodeOf } from "../../nodeagent/lease/witness-set.ts";
import { CALM } from "./network.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

export function disturb(world: World, untilMs: number): void {
  const { timeline, random, network, nodes, reconciler, scenario } = world;
  const backWithinMs = scenario.backWithinMs ?? 2000;
  network.setWeather(scenario.weather ?? CALM);
  for (const node of nodes) node.setPauseShare(scenario.freezeShare ?? 0);

  /** Again and again, as long as faults last. */
  function often(meanMs: number | undefined, happens: () => void): void {
    if (meanMs === undefined) return;
    const again = () => {
      if (timeline.now() >= untilMs) return;
      happens();
      timeline.after(random.between(0, 2 * meanMs), again);
    };
    timeline.after(random.between(0, 2 * meanMs), again);
  }

  function startAgain(node: SimNode): void {
    timeline.after(random.between(0, random.chance(0.5) ? backWithinMs / 10 : backWithinMs), () => node.start());
  }

  const { faults } = scenario;
  scenario.setPiece?.(world);
  often(scenario.hintEveryMs, () => hint(world, random.pick(world.gateways)));
  often(faults.pauses, () => random.pick(nodes).pause(random.between(0, random.chance(0.7) ? 900 : 2500)));
  often(faults.cuts, () => cut(world));
  often(faults.slowness, () => slowDown(world));
  often(faults.restarts, () => {
    const node = random.pick(nodes);
    node.kill();
    startAgain(node);
  });
  often(faults.power, () => {
    const node = random.pick(nodes);
    node.losePower();
    startAgain(node);
  });
  often(faults.blackouts, () => {
    for (const node of nodes) {
      node.losePower();
      startAgain(node);
    }
  });
  often(faults.parks, () => {
    const node = random.pick(nodes);
    node.stop(random.chance(0.85) ? "park" : "release");
    timeline.after(random.between(0, (random.chance(0.8) ? 1.5 : 4.5) * backWithinMs), () => node.start());
  });
  often(faults.contests, () => random.pick(world.gateways).contest(world.ips.filter(() => random.chance(0.5))));
  often(faults.moves, () => reconciler.move(random.pick(world.ips), random.pick(world.gateways).name));
  often(faults["silence-of-plan"], () => reconciler.die(random.between(0, 5000)));
  often(faults["witness-changes"], () => changeWitnesses(world));
  often(faults["disk-losses"], () => loseDisk(world));

  timeline.after(untilMs - timeline.now(), () => {
    network.healAll();
    for (const node of nodes) {
      node.setPauseShare(0);
      node.resume();
      node.start();
    }
    // Whoever was asked to stop does so within seconds; a supervisor starts it again.
    const supervise = () => {
      for (const node of nodes) node.start();
      timeline.after(1000, supervise);
    };
    supervise();
  });
}

/** Everything is free, says every witness: whether a candidate asks at the wrong time must not matter. */
export function hint({ random, network, reconciler, ips }: World, candidate: SimNode): void {
  const free = ips.filter(() => random.chance(0.5)).map((ip) => [ip, ""] as const);
  const { version, members } = candidate.report()?.witnesses ?? reconciler.set();
  for (const member of members) {
    network.send(nodeOf(member), candidate.name, { type: "freed", set: version, free });
  }
}

/** Messages of a node, to all or to one, queue up for a while; what is sent afterwards overtakes them. */
function slowDown({ random, network, nodes }: World): void {
  const node = random.pick(nodes);
  const forMs = random.between(100, 2000);
  const byMs = random.between(50, 900);
  const others = random.chance(0.5) ? nodes : [random.pick(nodes)];
  for (const other of others) network.slow(node.name, other.name, byMs, forMs);
}

function cut({ random, network, nodes }: World): void {
  const node = random.pick(nodes);
  const forMs = random.between(0, 3000);
  const others = random.chance(0.5) ? nodes : [random.pick(nodes)];
  const way = random.next();
  for (const other of others) {
    if (way < 0.7) network.cut(node.name, other.name, forMs);
    if (way < 0.4 || way >= 0.7) network.cut(other.name, node.name, forMs);
  }
}

function changeWitnesses({ random, nodes, reconciler, scenario }: World): void {
  const someOfThem = () => {
    const size = Math.min(nodes.length, Math.floor(random.between(2, 6)));
    const members = new Set<string>();
    while (members.size < size) members.add(random.pick(nodes).witness());
    return [...members].sort();
  };
  // Half of the time only when the change before is done.
  if (!reconciler.settled() && random.chance(0.5)) return;
  reconciler.wantWitnesses(someOfThem(), scenario.hintEveryMs === undefined ? null : someOfThem());
}

/**
 * A disk is lost where the protocol bears it, when no change is under way: by one that is no witness, or by one of three
 * or more, if every other has its disk. The reconciler asks for the node's new disk in place of the lost one.
 */
function loseDisk({ random, nodes, reconciler }: World): void {
  const node = random.pick(nodes);
  const { members } = reconciler.set();
  const lost = node.witness();
  if (!reconciler.settled()) return;
  if (members.includes(lost) && !canLoseOne(nodes, members)) return;
  node.losePower();
  node.wipeDisk();
  node.start();
  if (!members.includes(lost)) return;
  reconciler.wantWitnesses(members.map((member) => (member === lost ? node.witness() : member)).sort(), null);
}

function canLoseOne(nodes: readonly SimNode[], members: readonly string[]): boolean {
  const disks = nodes.map((one) => one.witness());
  const known = nodes.every((one) => one.report()?.witnesses.members.join() === members.join());
  return known && members.length >= 3 && members.every((member) => disks.includes(member));
}
