/**
 * Two contenders, frozen and woken at random, and every frame with which either claims a floating IP.
 *
 *     node handover.inside.ts HAND_OVERS SEED
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { sh } from "../network.ts";
import { createArbiter } from "./arbiter.ts";
import { capture } from "./capture.ts";
import type { Heartbeat } from "./contender.ts";
import { buildSegment, CLAIMS, deviceOf, FLOATING, FLOATING6, GATEWAYS, type Gateway } from "./segment.ts";
import { type HandOvers, heardGrants, type SentFrame, strayFrames } from "./strays.ts";

const [handOvers = 0, seed = 0] = process.argv.slice(2).map(Number);
const NEGATIVE_CONTROL_MS = 1_000;

/** Mulberry32: a test that failed can be repeated with its seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomFrom(seed);
const between = (least: number, most: number) => least + random() * (most - least);

const scope = await buildSegment();
const arbiter = createArbiter();
const ports = Object.fromEntries(
  await Promise.all(GATEWAYS.map(async (host) => [host, await capture(host, CLAIMS)] as const)),
);

async function contend(host: Gateway) {
  const script = new URL("contender.ts", import.meta.url).pathname;
  const args = [script, JSON.stringify(scope), JSON.stringify(await deviceOf(host))];
  const child = spawn("nsenter", [`--net=/run/netns/${host}`, process.execPath, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may be killed before it has read everything.
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = arbiter.hear(host, JSON.parse(line) as Heartbeat, Date.now());
    child.stdin.write(`${JSON.stringify(answer)}\n`);
  });
  return child;
}

/** Both gates stand before anybody asks. */
const contenders = { worker1: await contend("worker1"), worker2: await contend("worker2") };
for (const host of GATEWAYS) while (!(await gateStands(host))) await delay(10);
const first = framesUntilNow();

async function gateStands(host: Gateway): Promise<boolean> {
  return (await sh(host, "nft list tables")).includes("sallyport_lease");
}

const prober = new URL("prober.ts", import.meta.url).pathname;
const device = JSON.stringify(await deviceOf("outside"));
const outside = (...command: readonly string[]) =>
  spawn("nsenter", ["--net=/run/netns/outside", ...command], { stdio: "ignore" });
outside(process.execPath, prober, device);
for (const ip of [FLOATING, FLOATING6]) outside("ping", "-q", "-i", "0.01", ip);

let stops = 0;
while (arbiter.grants.length <= handOvers) {
  const owner = arbiter.owner();
  const target = owner !== null && random() < 0.85 ? owner : (GATEWAYS[Math.floor(random() * 2)] as Gateway);
  contenders[target].kill("SIGSTOP");
  stops += 1;
  await delay(random() < 0.2 ? between(20, 600) : between(620, 900));
  contenders[target].kill("SIGCONT");
  await delay(between(0, 150));
}

function framesUntilNow(): Readonly<Record<Gateway, number>> {
  return { worker1: ports.worker1?.frames.length ?? 0, worker2: ports.worker2?.frames.length ?? 0 };
}

function framesSince(from: Readonly<Record<Gateway, number>>): readonly SentFrame[] {
  return GATEWAYS.flatMap((host) =>
    (ports[host]?.frames ?? []).slice(from[host]).map(({ atMs }): SentFrame => ({ by: host, atMs })),
  );
}

const held = framesSince(first);
const grants = [...arbiter.grants];

// Without the gates both answer, and the capture must show it.
for (const contender of Object.values(contenders)) contender.kill("SIGKILL");
await Promise.all(GATEWAYS.map((host) => sh(host, "nft delete table netdev sallyport_lease")));
const beforeControl = framesUntilNow();
await delay(NEGATIVE_CONTROL_MS);
const control = framesSince(beforeControl);

const result: HandOvers = {
  grants: grants.length,
  heard: heardGrants(held, grants),
  frames: held.length,
  strays: strayFrames(held, grants),
  controlStrays: strayFrames(control, grants).length,
};
console.log(JSON.stringify({ stops, ...result }));
process.exit(0);
