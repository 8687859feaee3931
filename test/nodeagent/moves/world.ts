/**
 * Gateways that take addresses from each other and source nodes that follow them, in virtual time. The network does what
 * the transport allows: it loses, delays, repeats and reorders, and nothing of an earlier run gets through.
 */
import { createListener, type Holder, type Listener } from "../../../nodeagent/moves/listener.ts";
import type { Moved, MovedAnswer } from "../../../nodeagent/moves/messages.ts";
import { createTeller, type Teller } from "../../../nodeagent/moves/teller.ts";
import { createRandom, type Random } from "../../sim/random.ts";
import { createTimeline } from "../../sim/timeline.ts";

export interface Weather {
  readonly loss: number;
  readonly duplicates: number;
  readonly delayMs: number;
}

export interface Size {
  readonly gateways: number;
  readonly sources: number;
  readonly ips: number;
}

interface Run {
  readonly number: number;
  /** Newest run met of each other node. */
  readonly met: Map<string, number>;
  receive(from: string, message: Moved | MovedAnswer): void;
  onMet(peer: string): void;
}

const GREETINGS_INTERVAL_MS = 5_000;
const CALM: Weather = { loss: 0, duplicates: 0, delayMs: 1 };

export function createWorld(seed: number, size: Size) {
  const random: Random = createRandom(seed);
  const timeline = createTimeline();
  const runs = new Map<string, Run>();
  const tellers = new Map<string, Teller>();
  const listeners = new Map<string, Listener>();
  /** What a source node's kernel does. */
  const kernels = new Map<string, Map<string, Holder>>();
  const truth = new Map<string, { readonly node: string; readonly epoch: number }>();
  const stepsBack: string[] = [];
  let weather = CALM;
  let messages = 0;
  let runNumbers = 0;

  const names = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}${index}`);
  const gateways = names("gateway", size.gateways);
  const sources = names("source", size.sources);
  const ips = names("ip", size.ips);
  const followed = ips.map((ip) => ({ ip, candidates: gateways, holder: null }));

  /** @param message `null`: a greeting */
  function send(from: string, to: string, message: Moved | MovedAnswer | null): void {
    const [sender, receiver] = [runs.get(from)?.number ?? 0, runs.get(from)?.met.get(to) ?? 0];
    if (message !== null) messages += 1;
    if (random.chance(weather.loss)) return;
    for (let copies = random.chance(weather.duplicates) ? 2 : 1; copies > 0; copies--) {
      timeline.after(random.between(0.1, weather.delayMs), () => arrive(from, to, sender, receiver, message));
    }
  }

  function arrive(
    from: string,
    to: string,
    sender: number,
    receiver: number,
    message: Moved | MovedAnswer | null,
  ): void {
    const run = runs.get(to);
    const met = run?.met.get(from) ?? 0;
    if (run === undefined || sender < met) return;
    if (sender > met) {
      run.met.set(from, sender);
      run.onMet(from);
    }
    if (receiver !== run.number) send(to, from, null);
    else if (message !== null) run.receive(from, message);
  }

  function start(node: string, run: Pick<Run, "receive" | "onMet">): void {
    runNumbers += 1;
    const number = runNumbers;
    runs.set(node, { ...run, number, met: new Map() });
    const others = gateways.includes(node) ? sources : gateways;
    const greet = (): void => {
      if (runs.get(node)?.number !== number) return;
      for (const other of others) if (runs.get(other)?.met.get(node) !== number) send(node, other, null);
      timeline.after(GREETINGS_INTERVAL_MS, greet);
    };
    greet();
  }

  function startGateway(node: string): void {
    const teller = createTeller();
    tellers.set(node, teller);
    start(node, {
      receive: (from, message) => message.type === "moved-answer" && teller.answered(from, message, timeline.now()),
      onMet: (peer) => teller.met(peer, timeline.now()),
    });
    teller.tellTo(sources, timeline.now());
    const tick = (): void => {
      if (tellers.get(node) !== teller) return;
      if (teller.wakeAt() <= timeline.now()) {
        for (const { to, message } of teller.wake(timeline.now())) send(node, to, message);
      }
      timeline.after(1, tick);
    };
    tick();
  }

  function startSource(node: string): void {
    const listener = createListener();
    listener.follow(followed);
    listeners.set(node, listener);
    const kernel = new Map<string, Holder>();
    kernels.set(node, kernel);
    start(node, {
      receive(from, message) {
        if (message.type !== "moved") return;
        const { answer, changes } = listener.hear(from, message);
        for (const change of changes) {
          if (change.epoch <= (kernel.get(change.ip)?.epoch ?? 0)) stepsBack.push(`${node} ${change.ip}`);
          kernel.set(change.ip, change);
        }
        send(node, from, answer);
      },
      onMet() {},
    });
  }

  function tellTruth(): void {
    for (const node of gateways) {
      const held = [...truth].filter(([, holder]) => holder.node === node);
      tellers.get(node)?.hold(
        held.map(([ip, { epoch }]) => [ip, epoch]),
        timeline.now(),
      );
    }
  }

  for (const gateway of gateways) startGateway(gateway);
  for (const source of sources) startSource(source);

  return {
    random,
    gateways,
    sources,
    ips,
    stepsBack,
    setWeather(next: Weather) {
      weather = next;
    },
    calm() {
      weather = CALM;
    },
    take(ip: string, node: string) {
      truth.set(ip, { node, epoch: (truth.get(ip)?.epoch ?? 0) + 1 });
      tellTruth();
    },
    restart(node: string) {
      if (gateways.includes(node)) startGateway(node);
      else startSource(node);
      tellTruth();
    },
    run: (forMs: number) => timeline.run(timeline.now() + forMs),
    messages: () => messages,
    /** Source nodes that send somewhere else than to the holder. */
    astray: () =>
      sources.flatMap((source) =>
        [...truth]
          .filter(([ip, { node }]) => kernels.get(source)?.get(ip)?.node !== node)
          .map(([ip]) => `${source} sends ${ip} to ${kernels.get(source)?.get(ip)?.node}`),
      ),
  };
}
