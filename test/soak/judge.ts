/** Which packets left with an address that was not theirs. Pure. */
import type { History } from "./history.ts";
import { PROBED_IP } from "./manifests.ts";
import type { Incarnation } from "./pods.ts";

/** @returns what is wrong, in words */
export function wrongSources(
  incarnations: readonly Incarnation[],
  seen: ReadonlyMap<number, ReadonlySet<string>>,
  history: History,
  nowMs: number,
): readonly string[] {
  return incarnations.flatMap(({ pod, podClass, nodeIP, port, fromMs, untilMs }) => {
    const sources = history.allowed(podClass, fromMs, untilMs ?? nowMs);
    // What nobody selects is the CNI plugin's: packets of no connection leave as they are, with or without us.
    const allowed = new Set([...sources].flatMap((source) => (source === "node" ? [nodeIP, pod.ip] : [source])));
    const wrong = [...(seen.get(port) ?? [])].filter((source) => !allowed.has(source));
    const who = `${pod.name} (${podClass}, ${pod.ip} ${pod.mac} on ${pod.node})`;
    return wrong.map((source) => `a packet of ${who} left with ${source}, allowed: ${[...allowed].join(", ")}`);
  });
}

/** Only probes send echoes. */
export function wrongPings(sources: readonly string[]): readonly string[] {
  return sources
    .filter((ip) => ip !== PROBED_IP)
    .map((ip) => `an echo request of a probe left with ${ip}, allowed: ${PROBED_IP}`);
}
