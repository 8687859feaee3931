/** What the witnesses would see if a rule were missing: without this, that they saw nothing says nothing. Spoils the lab. */
import { until } from "../lab/until.ts";
import type { Cluster } from "./cluster.ts";
import { wrongSources } from "./judge.ts";
import { LOSSES } from "./losses.ts";
import { PROBED, PROBED_IP } from "./manifests.ts";
import { sh } from "./place.ts";
import { createSenders } from "./senders.ts";
import { sourcesByPort } from "./witness.ts";

/** A node whose rule for unknown pods is gone, and whose agent cannot put it back. */
export async function seesLeak(cluster: Cluster): Promise<void> {
  const { lab, pods, history } = cluster;
  const [node] = lab.topology.nodes;
  if (node === undefined) throw new Error("no node");
  const place = await pods.addPlace(node, "control-pod");
  await LOSSES.frozen.strike(lab, node.name);
  const listed = await sh(lab, node.name, "nft -a list chain inet sallyport classify");
  const handle = /goto hold .*# handle (\d+)/.exec(listed)?.[1];
  await sh(lab, node.name, `nft delete rule inet sallyport classify handle ${handle}`);
  const leaking = await pods.start({ place, podClass: PROBED, knownMsBefore: 0 });
  await until("the witness to see a leak that there is", async () => {
    const sources = await sourcesByPort(lab);
    return wrongSources([leaking], sources, history, performance.now()).length > 0;
  });
}

/** Two nodes with the address, without agents and gates. */
export async function seesTwoHolders({ lab, onFrame }: Cluster): Promise<void> {
  const senders = createSenders();
  let seen = false;
  onFrame((frame) => {
    seen ||= senders.take(frame) !== null;
  });
  await Promise.all(lab.topology.nodes.map(({ name }) => lab.control(`agent-${name}`, "kill")));
  for (const { name } of lab.topology.nodes.slice(0, 2)) {
    await sh(lab, name, `nft delete table netdev sallyport_lease; ip address add ${PROBED_IP}/32 dev eth0 || true`);
  }
  await until("the witness to see two holders that there are", () => seen);
}
