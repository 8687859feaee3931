// What another node says is data: as agreed, or not heard. It never throws, whatever it is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StartState } from "../../../nodeagent/lease/io.ts";
import { createLeaseMachine } from "../../../nodeagent/lease/machine.ts";
import type { Message } from "../../../nodeagent/lease/messages.ts";
import { parseMessage } from "../../../nodeagent/lease/validate.ts";

const set = { version: 1, members: ["n1#a", "n2#b", "n3#c"] };
const ballot = [3, "n1", 7] as const;
const accepted = { ballot, epoch: 4, owner: "n1" };

const MESSAGES: readonly Message[] = [
  {
    ...{ type: "heartbeat", set: 1, generation: 7, number: 1, lease: "short", watch: 1 },
    claims: [
      ["192.0.2.1", 4],
      ["2001:db8::1", 5],
    ],
  },
  {
    ...{ type: "heartbeat-answer", set: 1, generation: 7, number: 1, watch: 0, round: 3 },
    ...{ refused: [["192.0.2.1", 4]], free: [["192.0.2.2", ""]] },
  },
  { type: "freed", set: 1, free: [["192.0.2.2", "n3"]] },
  { type: "watch", generation: 7, version: 1, ips: ["192.0.2.2"] },
  { type: "prepare", set: 1, ballot, purpose: "take", keys: ["192.0.2.2", "witnesses"] },
  { type: "promised", set: 1, ballot, promised: [["192.0.2.2", accepted, "expired"]], denied: [["192.0.2.3", 9]] },
  { type: "accept", set: 1, ballot, purpose: "rewrite", values: [["192.0.2.2", { epoch: 5, owner: "n1" }]] },
  { type: "accepted", set: 1, ballot, accepted: ["192.0.2.2"], denied: [] },
  { type: "list", set: 1, after: "" },
  { type: "listing", set: 1, after: "", keys: ["192.0.2.2"], more: false, parkedMs: 12.5 },
  { type: "set", ask: true, witness: "n1#a", set },
];

test.each(MESSAGES)("$type is heard as it was said", (message) => {
  expect(parseMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
});

const [heartbeat] = MESSAGES;

test.each<[unknown, string]>([
  [null, "a message is not an object"],
  [[heartbeat], "a message is not an object"],
  [{ type: "toString" }, 'a message has a type that is not known: "toString"'],
  [{ ...heartbeat, set: -1 }, "heartbeat.set is not as agreed: -1"],
  [{ ...heartbeat, number: "1" }, 'heartbeat.number is not as agreed: "1"'],
  [{ ...heartbeat, lease: "long" }, 'heartbeat.lease is not as agreed: "long"'],
  [{ ...heartbeat, claims: [["witnesses", 1]] }, 'heartbeat.claims is not as agreed: [["witnesses",1]]'],
  [
    { ...heartbeat, claims: Array(2).fill(["192.0.2.1", 1]) },
    'heartbeat.claims is not as agreed: [["192.0.2.1",1],["192.0.2.1",1]]',
  ],
  [{ type: "set", ask: true, witness: "n1#a" }, "set.set is not as agreed: missing"],
  [
    { type: "set", ask: true, witness: "n1#a", set: { version: 2, members: ["n1#a", "n1#b"] } },
    'set.set is not as agreed: {"version":2,"members":["n1#a","n1#b"]}',
  ],
])("%j is refused", (message, fault) => {
  expect(parseMessage(message)).toBe(fault);
});

/** A valid message in which one part, at any depth, was replaced by anything. */
const garbled = fc.tuple(fc.constantFrom(...MESSAGES), fc.jsonValue(), fc.nat()).map(([message, junk, at]) => {
  let left = at % JSON.stringify(message).length;
  return JSON.parse(JSON.stringify(message), (_, value: unknown) => (left-- === 0 ? junk : value)) as unknown;
});

describe("a machine", () => {
  const start: StartState = {
    ...{ node: "n1", witness: "n1#a", generation: 7, set, openIPs: ["192.0.2.1"] },
    registers: [["192.0.2.1", { promised: ballot, accepted, park: { node: "n1", heartbeat: [6, 3] } }]],
  };

  test("bears whatever passes the door, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("n1", "n2", "n9"), fc.oneof(garbled, fc.jsonValue()))), (said) => {
        const machine = createLeaseMachine(start, 0);
        said.forEach(([from, text], i) => {
          const message = parseMessage(text);
          if (typeof message !== "string") machine.handle({ on: "message", from, message }, i * 100);
        });
        machine.handle({ on: "wake" }, said.length * 100);
        expect(machine.report(0).witness).toBe("n1#a");
      }),
    );
  });
});
