import { LEASE_CURTAIN_TABLE } from "../../../nodeagent/constants.ts";
import { leaseCurtain } from "../../../nodeagent/gate/curtain.ts";
import { floatingElements } from "../../../nodeagent/gate/elements.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { replacementText } from "../../../nodeagent/kernel/nft/declaration.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";
import { sh } from "../network.ts";
import { capture, MARKER } from "./capture.ts";
import { countArrivals, emissions } from "./emissions.ts";
import { startHolder } from "./holder.ts";
import { freshKey } from "./keys.ts";
import { buildSegment, CLAIMS, deviceOf, FLOATING, FLOATING6 } from "./segment.ts";

const scope = await buildSegment();
const device = await deviceOf("worker1");
const port = await capture("worker1", `${CLAIMS} or ${MARKER}`);
await countArrivals();
const other = startHolder("worker2");
await other.tell({ do: "guard", scope });

const seen: Record<string, unknown> = {};
seen["no gate"] = await emissions(port, device);

const key = freshKey();
const holder = startHolder("worker1", key);
await holder.tell({ do: "guard", scope });
await holder.tell({ do: "begin", generation: 1, ips: [FLOATING, FLOATING6] });
seen["no lease"] = await emissions(port, device);

await holder.tell({ do: "arm", number: 1 });
await holder.tell({ do: "park", number: 1 });
seen.open = await emissions(port, device);

const curtain = replacementText(leaseCurtain(scope.underlay), floatingElements(scope));
await sh("worker1", `nft -f - <<'END'\n${curtain}END`);
seen["behind the curtain"] = await emissions(port, device);
await sh("worker1", `nft delete table netdev ${LEASE_CURTAIN_TABLE.name}`);

await holder.tell({ do: "change", add: [], remove: [FLOATING6] });
seen["IPv4 only"] = await emissions(port, device);

await holder.tell({ do: "change", add: [], remove: [FLOATING] });
seen["another's address"] = await emissions(port, device);

await holder.tell({ do: "change", add: [FLOATING, FLOATING6], remove: [] });
await holder.tell({ do: "release", number: 1 });
seen.released = await emissions(port, device);
holder.stop();

async function armsAs(holderKey: string, uid?: number): Promise<unknown> {
  const attempt = startHolder("worker1", holderKey, uid);
  const armed = await attempt.tell({ do: "arm", number: 2 });
  attempt.stop();
  return armed;
}
const refused = {
  nobody: await armsAs(key, 65_534),
  anotherKey: await armsAs(freshKey()),
  rootWithKey: await armsAs(key),
};

const script = new URL("loopback.ts", import.meta.url).pathname;
const onLoopback = JSON.parse(await sh("worker1", `${process.execPath} ${script}`));

await sh("worker1", "nft delete table netdev sallyport_lease");
seen["gate removed"] = await emissions(port, device);

const parts = () => ({ nft: createNft(), key: freshKey(), nowMs: () => 0 });
const first = await openLeaseGate(parts());
const second = await openLeaseGate(parts());
const samePort = typeof first === "string" ? first : second;

console.log(JSON.stringify({ seen, refused, samePort, onLoopback }));
process.exit(0);
