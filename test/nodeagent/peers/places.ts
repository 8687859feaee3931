/** Where a cluster of agents can live. */
import { setTimeout as delay } from "node:timers/promises";
import { PEERS_PORT } from "../../../nodeagent/constants.ts";
import { openUdp } from "../../../nodeagent/peers/udp.ts";
import { createRandom } from "../../sim/random.ts";
import { createTimeline } from "../../sim/timeline.ts";
import type { Place } from "./cluster.ts";
import { createFakeNetwork, type Weather } from "./network.ts";

export interface FakePlace extends Place {
  setWeather(weather: Weather): void;
  pass(ms: number): Promise<void>;
}

export function fakePlace(seed = 1): FakePlace {
  const timeline = createTimeline();
  const network = createFakeNetwork(timeline, createRandom(seed));
  const pass = async (ms: number): Promise<void> => {
    timeline.run(timeline.now() + ms);
    await new Promise(setImmediate);
  };
  return {
    ...network,
    pass,
    port: PEERS_PORT,
    ips: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
    async until(what) {
      for (let turn = 0; turn < 1_000 && !what(); turn++) await pass(1);
      if (!what()) throw new Error("it did not come true");
    },
  };
}

/** @param ips of this machine */
export function kernelPlace(ips: readonly string[]): Place {
  return {
    openUdp,
    port: PEERS_PORT,
    ips,
    async until(what) {
      for (let turn = 0; turn < 3_000 && !what(); turn++) await delay(1);
      if (!what()) throw new Error("it did not come true");
    },
  };
}
