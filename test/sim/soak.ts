/**
 * Simulates for long: `node test/sim/soak.ts FIRST-LAST [STEPS]`, all scenarios with each seed until so many steps were made.
 * Exits 1 after the first violation, with the seed that shows it again.
 */
import { SCENARIOS } from "./scenarios.ts";
import { simulate } from "./world.ts";

const [first = 1, last = 100] = (process.argv[2] ?? "").split("-").filter(Boolean).map(Number);
const stepsMost = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
const began = performance.now();
const sums = { seeds: 0, runs: 0, steps: 0, takeOvers: 0, parks: 0, setChanges: 0, violations: 0, unsettled: 0 };

for (let seed = first; seed <= last && sums.steps < stepsMost && sums.violations === 0; seed++) {
  sums.seeds += 1;
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const outcome = simulate(seed, scenario);
    sums.runs += 1;
    sums.steps += outcome.steps;
    sums.takeOvers += outcome.takeOvers;
    sums.parks += outcome.parks;
    sums.setChanges += outcome.setVersion - 1;
    if (outcome.violation !== null) {
      sums.violations += 1;
      console.log(`seed ${seed}, ${name}: ${outcome.violation}`);
    }
    if (scenario.calmMs > 0 && outcome.unsettled.length > 0) {
      sums.unsettled += 1;
      console.log(`seed ${seed}, ${name}: ${outcome.unsettled.join(", ")} without one holder at the end`);
    }
  }
}
console.log(JSON.stringify({ ...sums, seconds: Math.round((performance.now() - began) / 1000) }));
process.exitCode = sums.violations + sums.unsettled === 0 ? 0 : 1;
