import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { PEERS_PORT } from "../../../nodeagent/constants.ts";
import { openUdp } from "../../../nodeagent/peers/udp.ts";
import { createRandom } from "../../sim/random.ts";
import { createTimeline } from "../../sim/timeline.ts";
import { createCluster } from "./cluster.ts";
import { contract } from "./contract.ts";
import { createFakeNetwork } from "./network.ts";

describe("the fake network", () => {
  test.each(contract)("$name", async ({ run }) => {
    const timeline = createTimeline();
    const { openUdp } = createFakeNetwork(timeline, createRandom(1));
    const until = async (what: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 1_000 && !what(); turn++) {
        timeline.run(timeline.now() + 1);
        await new Promise(setImmediate);
      }
      if (!what()) throw new Error("it did not come true");
    };
    const ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    await run(createCluster({ openUdp, port: PEERS_PORT, ips, until }));
  });
});

describe("sockets of the kernel on loopback", () => {
  test.each(contract)("$name", async ({ run }) => {
    const network = `127.${process.pid & 255}.${(process.pid >> 8) & 255}`;
    const until = async (what: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 2_000 && !what(); turn++) await delay(1);
      if (!what()) throw new Error("it did not come true");
    };
    const ips = [1, 2, 3, 4].map((host) => `${network}.${host}`);
    const cluster = createCluster({ openUdp, port: PEERS_PORT, ips, until });
    await run(cluster).finally(() => cluster.close());
  });
});
