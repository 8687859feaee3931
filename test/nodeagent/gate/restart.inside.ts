/** A gateway's agent parks its lease and ends; another one takes over seconds later. The outside host pings all the time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { TIMING } from "../../../nodeagent/lease/timing.ts";
import { startHolder } from "./holder.ts";
import { buildSegment, FLOATING, FLOATING6 } from "./segment.ts";

const ips = [FLOATING, FLOATING6];
const scope = await buildSegment();
await startHolder("worker2").tell({ do: "guard", scope });
const before = startHolder("worker1");
await before.tell({ do: "guard", scope });
await before.tell({ do: "begin", generation: 1, ips });
await before.tell({ do: "arm", number: 1 });
await before.tell({ do: "park", number: 1 });

const pings = ips.map((ip) => {
  const child = spawn("nsenter", ["--net=/run/netns/outside", "ping", "-i", "0.01", ip], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  return {
    async stop(): Promise<string> {
      child.kill("SIGINT");
      await once(child, "close");
      return /(\d+)% packet loss/.exec(text)?.[0] ?? text;
    },
  };
});

before.stop();
// Longer than any lease that is not parked.
await delay(TIMING.armMs + TIMING.leaseMs);
const after = startHolder("worker1");
const found = await after.tell({ do: "guard", scope });
const begun = await after.tell({ do: "begin", generation: 2, ips });
const refreshed: unknown[] = [];
for (let number = 1; number <= 10; number++) {
  await after.tell({ do: "arm", number });
  refreshed.push(await after.tell({ do: "refresh", number }));
  await delay(TIMING.heartbeatMs);
}
const lost = await Promise.all(pings.map((ping) => ping.stop()));
console.log(JSON.stringify({ found, begun, refreshed, lost }));
process.exit(0);
