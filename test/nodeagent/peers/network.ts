/** Sockets without a kernel, all on one port: datagrams go from address to address after chance has had its way with them. */
import type { openUdp } from "../../../nodeagent/peers/udp.ts";
import type { Random } from "../../sim/random.ts";
import type { Timeline } from "../../sim/timeline.ts";

export interface Weather {
  readonly loss: number;
  readonly duplicates: number;
  /** Each datagram takes up to so long, so that they overtake each other. */
  readonly delayMs: number;
}

export interface FakeNetwork {
  readonly openUdp: typeof openUdp;
  setWeather(weather: Weather): void;
}

export function createFakeNetwork(timeline: Timeline, random: Random): FakeNetwork {
  const bound = new Map<string, (datagram: Buffer, ip: string, port: number) => void>();
  let weather: Weather = { loss: 0, duplicates: 0, delayMs: 0 };

  return {
    openUdp({ ip, port, onDatagram, onNotSent, onBound }) {
      let state: "new" | "bound" | "closed" = "new";
      timeline.after(0, () => {
        if (state === "closed") return;
        if (!bound.has(ip)) {
          state = "bound";
          bound.set(ip, onDatagram);
        }
        onBound(state === "bound" ? null : "EADDRINUSE");
      });
      return {
        send(datagram, to) {
          if (state !== "bound") onNotSent("unbound");
          else if (!random.chance(weather.loss)) {
            for (let copies = random.chance(weather.duplicates) ? 2 : 1; copies > 0; copies--) {
              timeline.after(random.between(0, weather.delayMs), () => {
                bound.get(to)?.(Buffer.from(datagram), ip, port);
              });
            }
          }
        },
        close() {
          if (state === "bound") bound.delete(ip);
          state = "closed";
        },
      };
    },
    setWeather(next) {
      weather = next;
    },
  };
}
