/**
 * Inside a private place, for datapath.bench.ts: builds every node once, and measures them in turns. Prints nanoseconds
 * for each frame as JSON, by path and node, one for each round.
 *
 *     node inside.ts MODE ROUNDS FRAMES
 */
import type { GatewayMode } from "../../../policies/nodestate.ts";
import {
  addBareOverlay,
  addBareSnat,
  addIptables,
  addNode,
  becomeOurs,
  movePodsAway,
  type Node,
  type OurNode,
  routeIntoOverlay,
} from "./nodes.ts";
import { createTraffic, type Entry, type Traffic } from "./traffic.ts";
import { flowsOf, type Role, type World, worldOf } from "./world.ts";

const [mode = "stateful", rounds = "5", frames = "200000"] = process.argv.slice(2);
const SIZES = [10, 1_000, 10_000, 100_000];
const COMPARED = worldOf(1_000);
/** They take a hundred times as long. */
const SLOW_FRAMES = Number(frames) / 40;
const BEGINNING_PORT = 30_000;

interface Measurement {
  readonly path: string;
  readonly node: string;
  readonly traffic: Traffic;
  readonly answered: boolean;
  readonly frames: number;
  /** Told before and after. */
  readonly without?: { readonly our: OurNode; readonly what: "shield" | "gate" };
}

const measurements: Measurement[] = [];
const ours: OurNode[] = [];

async function measure(
  path: string,
  name: string,
  node: Node,
  world: World,
  how: Partial<Measurement> & { to?: "policy" | "elsewhere"; entry?: Entry } = {},
) {
  const { to = "policy", entry = "pods", answered = true, frames: count = Number(frames), ...rest } = how;
  const traffic = await createTraffic(node, flowsOf(world, to, answered ? undefined : BEGINNING_PORT), entry);
  measurements.push({ path, node: name, traffic, answered, frames: count, ...rest });
}

const progress = (what: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${what}`);

progress("nodes to compare with");
const plain = await addNode("plain");
await measure("passes by", "reference", plain, COMPARED, { to: "elsewhere" });

const overlay = await addNode("overlay");
await addBareOverlay(overlay);
await routeIntoOverlay(overlay);
await measure("source node, into the tunnel", "reference", overlay, COMPARED);
await measure("source node, begins", "reference", overlay, COMPARED, { answered: false });

const snat = await addNode("snat");
await addBareSnat(snat);
await measure("pod on the gateway node", "reference", snat, COMPARED);
await measure("pod on the gateway node, begins", "reference", snat, COMPARED, { answered: false });

const exit = await addNode("exit");
await addBareOverlay(exit);
await addBareSnat(exit);
await movePodsAway(exit);
await measure("gateway, from the tunnel", "reference", exit, COMPARED, { entry: "tunnel" });
await measure("gateway, begins", "reference", exit, COMPARED, { entry: "tunnel", answered: false });

const iptablesSource = await addNode("iptables-source");
await addBareOverlay(iptablesSource);
await routeIntoOverlay(iptablesSource);
await addIptables(iptablesSource, COMPARED, "source");
await measure("source node, into the tunnel", "iptables + ipset", iptablesSource, COMPARED, { frames: SLOW_FRAMES });

const iptablesSnat = await addNode("iptables-snat");
await addIptables(iptablesSnat, COMPARED, "gateway");
await measure("pod on the gateway node", "iptables + ipset", iptablesSnat, COMPARED, { frames: SLOW_FRAMES });
await measure("pod on the gateway node, begins", "iptables + ipset", iptablesSnat, COMPARED, {
  frames: SLOW_FRAMES,
  answered: false,
});

async function addOurs(role: Role, world: World): Promise<{ readonly node: Node; readonly our: OurNode }> {
  progress(`${role} node with ${world.pods} pods and ${world.policies} policies`);
  const node = await addNode(`${role}-${world.pods}`);
  const our = await becomeOurs(node, role, world, mode as GatewayMode);
  ours.push(our);
  return { node, our };
}

for (const size of SIZES) {
  const world = worldOf(size);
  const source = await addOurs("source", world);
  const name = `${size} pods`;
  await measure("passes by", name, source.node, world, { to: "elsewhere" });
  await measure("source node, into the tunnel", name, source.node, world);
  await measure("source node, begins", name, source.node, world, { answered: false });
  const local = await addOurs("gateway", world);
  await measure("pod on the gateway node", name, local.node, world);
  await measure("pod on the gateway node, begins", name, local.node, world, { answered: false });
  const gateway = await addNode(`exit-${size}`);
  await movePodsAway(gateway);
  ours.push(await becomeOurs(gateway, "gateway", world, mode as GatewayMode));
  await measure("gateway, from the tunnel", name, gateway, world, { entry: "tunnel" });
  await measure("gateway, begins", name, gateway, world, { entry: "tunnel", answered: false });
  if (size !== COMPARED.pods) continue;
  for (const what of ["shield", "gate"] as const) {
    await measure("source node, into the tunnel", `${name} without ${what}`, source.node, world, {
      without: { our: source.our, what },
    });
    await measure("pod on the gateway node", `${name} without ${what}`, local.node, world, {
      without: { our: local.our, what },
    });
  }
}

const results = new Map<string, Map<string, number[]>>();
const take = (path: string, node: string, frameNs: number): void => {
  const nodes = results.get(path) ?? new Map<string, number[]>();
  results.set(path, nodes.set(node, [...(nodes.get(node) ?? []), frameNs]));
};
for (let round = 0; round <= Number(rounds); round++) {
  progress(round === 0 ? "warming up" : `round ${round} of ${rounds}`);
  for (const our of ours) await our.tell("park");
  for (const { path, node, traffic, answered, frames: count, without } of measurements) {
    if (without) await without.our.tell(`${without.what}-off`);
    await traffic.open(answered);
    const frameNs = await traffic.send(round === 0 ? count / 10 : count);
    if (without) await without.our.tell(`${without.what}-on`);
    if (round > 0) take(path, node, frameNs);
  }
}
console.log(JSON.stringify(Object.fromEntries([...results].map(([path, nodes]) => [path, Object.fromEntries(nodes)]))));
process.exit(0);
