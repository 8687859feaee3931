/**
 * What a process weighs that only plans: the world alone, and then with a planning that followed some pods, as a
 * reconciler holds it. The argument is a `Size` as JSON; prints MiB as JSON.
 */
import { nothingBefore, startPlanning } from "../../policies/plan.ts";
import { makeWorld, podEvents, type Size } from "./world.ts";

const rssMiB = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);

const { intent, view } = makeWorld(JSON.parse(process.argv[2] as string) as Size);
const world = rssMiB();
const planning = startPlanning(intent, view, nothingBefore);
for (const event of podEvents(view, 1_000)) planning.apply(event);
console.log(JSON.stringify({ world, planned: rssMiB(), peak: Math.round(process.resourceUsage().maxRSS / 1024) }));
