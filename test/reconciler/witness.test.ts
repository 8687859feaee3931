// The reconciler as a witness: what two nodes ask it, and what it must not have forgotten
import { expect, test } from "vitest";
import type { Message } from "../../nodeagent/lease/messages.ts";
import { openWitnessDesk } from "../../reconciler/signal/witness.ts";

const IP = "192.168.1.100";

function world() {
  let nowMs = 0;
  const desk = openWitnessDesk(() => nowMs);
  const set = { version: 1, members: ["a#disk", "b#disk", desk.witness].sort() };
  const answers = (node: string, message: Message) => desk.ask(node, message) as readonly Message[];
  answers("a", { type: "set", ask: true, witness: "a#disk", set });
  return {
    ...{ desk, set, answers },
    pass: (ms: number) => {
      nowMs += ms;
    },
    beat: (node: string, number: number, claims: readonly (readonly [string, number])[]) =>
      answers(node, { type: "heartbeat", set: 1, generation: 1, number, lease: "short", claims, watch: 0 })[0],
    prepare: (node: string, round: number) =>
      answers(node, { type: "prepare", set: 1, ballot: [round, node, 1], purpose: "take", keys: [IP] })[0],
  };
}

test("acknowledges claims, and lets nobody else take the address while they come", () => {
  const { beat, prepare, pass } = world();
  pass(1_000);
  expect(beat("a", 1, [[IP, 1]])).toMatchObject({ type: "heartbeat-answer", number: 1, refused: [] });
  pass(600);
  expect(prepare("b", 1)).toMatchObject({ type: "promised", promised: [], denied: [[IP, 0]] });
  pass(21);
  expect(prepare("b", 1)).toMatchObject({ promised: [[IP, null, "expired"]], denied: [] });
});

test("refuses everybody when it has just started: what an earlier one acknowledged is unknown", () => {
  const { prepare, pass } = world();
  pass(600);
  expect(prepare("b", 1)).toMatchObject({ promised: [], denied: [[IP, 0]] });
});

test("each start is another witness, and one that is no member does not answer for one that is", () => {
  const [first, second] = [world(), openWitnessDesk(() => 0)];
  expect(second.witness).toMatch(/^_reconciler#[0-9a-f]{16}$/);
  expect(second.witness).not.toBe(first.desk.witness);
  second.ask("a", { type: "set", ask: false, witness: "a#disk", set: first.set });
  const beat = { type: "heartbeat", set: 1, generation: 1, number: 1, lease: "short", claims: [], watch: 0 };
  expect(second.ask("a", beat)).toEqual([]);
});

test("what comes up for a node waits until it asks, and what is not understood is refused", () => {
  const { answers, beat, desk, pass } = world();
  pass(1_000);
  answers("b", { type: "watch", generation: 1, version: 1, ips: [IP] });
  beat("a", 1, [[IP, 1]]);
  beat("a", 2, []);
  expect(answers("b", { type: "watch", generation: 1, version: 1, ips: [IP] })).toEqual([
    { type: "freed", set: 1, free: [[IP, ""]] },
  ]);
  expect(desk.ask("a", { type: "nonsense" })).toBe('a message has a type that is not known: "nonsense"');
});
