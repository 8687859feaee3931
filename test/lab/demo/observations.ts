/** What the demo claims, next to what was seen. */

export interface Observation {
  readonly name: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

export interface DemoResult {
  readonly ok: boolean;
  readonly observations: readonly Observation[];
  /** For each commit that changes traffic: from `git push` to the first packet with the new source. */
  readonly commitToPacketMs: readonly number[];
}

export class Observations {
  readonly #all: Observation[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** @param evidence the command or capture that showed it, one line each. */
  add(observation: Observation, evidence: readonly string[]): void {
    this.#all.push(observation);
    const { name, expected, seen, ok } = observation;
    this.#print(`${ok ? "  ok " : "FAIL "} ${name}`);
    for (const line of evidence) this.#print(`       ${line}`);
    if (!ok) this.#print(`       expected: ${expected}\n       seen:     ${seen}`);
  }

  /** The seen text must contain the expected one. */
  contains(name: string, expected: string, seen: string | undefined, evidence: readonly string[]): void {
    this.add({ name, expected, seen: seen ?? "nothing", ok: seen?.includes(expected) ?? false }, evidence);
  }

  equals(name: string, expected: string, seen: string | undefined, evidence: readonly string[]): void {
    this.add({ name, expected, seen: seen ?? "nothing", ok: seen === expected }, evidence);
  }

  result(commitToPacketMs: readonly number[]): DemoResult {
    return { ok: this.#all.every((o) => o.ok), observations: this.#all, commitToPacketMs };
  }
}
