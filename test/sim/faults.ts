/** What goes wrong, when, until when. At the end everything is mended: what is dead starts, what is frozen runs. */
import type { SimNode } from "./node.ts";
import type { Fault, World } from "./world.ts";

const PAUSE_SHARE = 0.0004;
const USUAL_WEATHER = { loss: 0.03, duplicates: 0.02, late: 0.05, lateMs: 900 };

export function disturb(world: World, untilMs: number): void {
  const { timeline, random, network, nodes, reconciler, scenario } = world;
  const has = (fault: Fault) => scenario.faults.includes(fault);
  if (has("weather")) network.setWeather(scenario.weather ?? USUAL_WEATHER);
  if (has("freezes-anywhere")) for (const node of nodes) node.setPauseShare(PAUSE_SHARE);

  /** Again and again, about every `meanMs`, as long as faults last. */
  function often(fault: Fault, meanMs: number, happens: () => void): void {
    if (!has(fault)) return;
    const mostMs = (2 * meanMs) / (scenario.pace ?? 1);
    const again = () => {
      if (timeline.now() >= untilMs) return;
      happens();
      timeline.after(random.between(0, mostMs), again);
    };
    timeline.after(random.between(0, mostMs), again);
  }

  const startLater = (node: SimNode, mostMs: number) => {
    timeline.after(random.between(0, mostMs), () => node.start());
  };

  often("pauses", 700, () => random.pick(nodes).pause(random.between(0, random.chance(0.7) ? 900 : 2500)));
  often("cuts", 900, () => cut(world));
  often("restarts", 1500, () => {
    const node = random.pick(nodes);
    node.kill();
    startLater(node, random.chance(0.7) ? 150 : 2000);
  });
  often("power", 5000, () => {
    const node = random.pick(nodes);
    node.losePower();
    startLater(node, 2500);
  });
  often("blackout", 15_000, () => {
    for (const node of nodes) {
      node.losePower();
      startLater(node, 2500);
    }
  });
  often("parks", 4000, () => {
    const node = random.pick(nodes);
    node.stop(random.chance(0.85) ? "park" : "release");
    startLater(node, random.chance(0.8) ? 3000 : 9000);
  });
  often("moves", 2000, () => reconciler.move());
  often("moves", 9000, () => reconciler.die(random.between(0, 5000)));
  often("set-changes", 5000, () => changeWitnesses(world));
  often("disk-loss", 8000, () => loseDisk(world));

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

function changeWitnesses({ random, nodes, reconciler }: World): void {
  const size = Math.min(nodes.length, Math.floor(random.between(2, 6)));
  const members = new Set<string>();
  while (members.size < size) members.add(random.pick(nodes).witness());
  reconciler.wantWitnesses([...members].sort());
}

/**
 * A disk is lost where the protocol bears it: no change is under way, and every other witness has its disk. The reconciler
 * asks for the node's new disk in place of the lost one.
 */
function loseDisk({ random, nodes, reconciler }: World): void {
  const node = random.pick(nodes);
  const { members } = reconciler.set();
  const disks = nodes.map((one) => one.witness());
  const before = node.witness();
  if (!reconciler.settled() || !members.every((member) => disks.includes(member))) return;
  if (members.includes(before) && members.length < 3) return;
  if (nodes.some((one) => one.report()?.witnesses.members.join() !== members.join())) return;
  node.losePower();
  node.wipeDisk();
  node.start();
  if (members.includes(before)) {
    reconciler.wantWitnesses(members.map((member) => (member === before ? node.witness() : member)).sort());
  }
}
