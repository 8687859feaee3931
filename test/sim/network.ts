/** Messages between nodes: lost, late, repeated, overtaken, and links that are cut one way or both. */
import type { Message } from "../../nodeagent/lease/messages.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface Weather {
  readonly loss: number;
  readonly duplicates: number;
  /** Share of messages that take up to `lateMs`. */
  readonly late: number;
  readonly lateMs: number;
}

export const CALM: Weather = { loss: 0, duplicates: 0, late: 0, lateMs: 0 };

export interface Network {
  send(from: string, to: string, message: Message): void;
  setWeather(weather: Weather): void;
  slow(from: string, to: string, byMs: number, forMs: number): void;
  cut(from: string, to: string, forMs: number): void;
  healAll(): void;
}

export function createNetwork(
  timeline: Timeline,
  random: Random,
  deliver: (from: string, to: string, message: Message) => void,
): Network {
  let weather = CALM;
  const cutUntil = new Map<string, number>();
  const slowed = new Map<string, { readonly byMs: number; readonly until: number }>();

  function sendOnce(from: string, to: string, message: Message): void {
    const slow = slowed.get(`${from} ${to}`);
    const usual = random.between(0.1, 2) + (slow !== undefined && timeline.now() < slow.until ? slow.byMs : 0);
    const delay = random.chance(weather.late) ? usual + random.between(0, weather.lateMs) : usual;
    timeline.after(delay, () => deliver(from, to, message));
  }

  return {
    send(from, to, message) {
      if (from === to) {
        timeline.after(0.01, () => deliver(from, to, message));
        return;
      }
      if (timeline.now() < (cutUntil.get(`${from} ${to}`) ?? 0) || random.chance(weather.loss)) return;
      sendOnce(from, to, message);
      if (random.chance(weather.duplicates)) sendOnce(from, to, message);
    },
    setWeather(next) {
      weather = next;
    },
    cut(from, to, forMs) {
      const link = `${from} ${to}`;
      cutUntil.set(link, Math.max(cutUntil.get(link) ?? 0, timeline.now() + forMs));
    },
    slow(from, to, byMs, forMs) {
      slowed.set(`${from} ${to}`, { byMs, until: timeline.now() + forMs });
    },
    healAll() {
      cutUntil.clear();
      slowed.clear();
    },
  };
}
