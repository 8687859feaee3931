// What a source node makes of what it hears, and what a gateway says to whom.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createListener, type Followed, type Holder } from "../../../nodeagent/moves/listener.ts";
import { ADDRESSES_MAX, type HeldEpoch, type Moved } from "../../../nodeagent/moves/messages.ts";
import { createTeller } from "../../../nodeagent/moves/teller.ts";
import { parseMoveMessage } from "../../../nodeagent/moves/validate.ts";

const IP = "192.168.1.100";
const moved = (epoch: number, ip = IP): Moved => ({ type: "moved", upTo: 1, held: [[ip, epoch]] });
const holder = (node: string, epoch: number, ip = IP): Holder => ({ ip, epoch, node });
const planned = (by: Holder | null, candidates = ["a", "b"]): Followed => ({ ip: IP, candidates, holder: by });

describe("a source node", () => {
  test.each<[string, Followed, readonly (readonly [string, number])[], Holder | null]>([
    ["goes by the plan while it hears nothing", planned(holder("a", 1)), [], null],
    ["goes by a newer epoch than the plan's", planned(holder("a", 1)), [["b", 2]], holder("b", 2)],
    ["goes by what it hears where the plan has no holder", planned(null), [["b", 1]], holder("b", 1)],
    ["does not go by an older epoch than the plan's", planned(holder("a", 3)), [["b", 2]], null],
    ["goes by the plan where both say the same", planned(holder("a", 2)), [["a", 2]], null],
    [
      "goes by the newest, however it is told",
      planned(holder("a", 1)),
      [
        ["b", 4],
        ["a", 3],
        ["b", 2],
      ],
      holder("b", 4),
    ],
    ["does not believe a node that may not hold it", planned(holder("a", 1)), [["c", 9]], null],
    [
      "believes a candidate although another node claimed a later epoch",
      planned(holder("a", 1)),
      [
        ["c", 9],
        ["b", 2],
      ],
      holder("b", 2),
    ],
  ])("%s", (_, followed, heard, expected) => {
    const atOnce = createListener();
    atOnce.follow([followed]);
    const changes = heard.flatMap(([from, epoch]) => atOnce.hear(from, moved(epoch)).changes);
    expect(changes.at(-1) ?? null).toEqual(expected);
    expect(atOnce.newer()).toEqual(expected === null ? [] : [expected]);

    const later = createListener();
    for (const [from, epoch] of heard) expect(later.hear(from, moved(epoch)).changes).toEqual([]);
    later.follow([followed]);
    expect(later.newer()).toEqual(expected === null ? [] : [expected]);
  });

  test("acknowledges all that it hears, whatever it makes of it", () => {
    const listener = createListener();
    expect(listener.hear("x", { ...moved(1), upTo: 7 }).answer).toEqual({ type: "moved-answer", upTo: 7 });
  });

  test("hears of a change once", () => {
    const listener = createListener();
    listener.follow([planned(null)]);
    expect(listener.hear("a", moved(1)).changes).toHaveLength(1);
    expect(listener.hear("a", moved(1)).changes).toEqual([]);
  });

  test("forgets what those said who are no peers any more", () => {
    const listener = createListener();
    listener.follow([planned(null)]);
    listener.hear("a", moved(1));
    listener.hear("b", moved(2));
    listener.keep(["a"]);
    expect(listener.newer()).toEqual([holder("a", 1)]);
  });

  test("remembers no more of one node than a gateway holds", () => {
    const listener = createListener();
    const ips = Array.from({ length: 10_000 }, (_, number) => `10.0.${number >> 8}.${number & 255}`);
    for (const ip of ips) listener.hear("a", moved(1, ip));
    listener.follow(ips.map((ip) => ({ ip, candidates: ["a"], holder: null })));
    expect(listener.newer()).toHaveLength(4_000);
  });

  test("never goes back, in whatever order it hears", () => {
    // An epoch has one holder.
    const nodes = ["a", "b", "c"] as const;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 }), (said) => {
        const listener = createListener();
        listener.follow([planned(null, [...nodes])]);
        const epochs = said.flatMap((epoch) =>
          listener.hear(nodes[epoch % nodes.length] as string, moved(epoch)).changes.map((by) => by.epoch),
        );
        expect(epochs).toEqual([...new Set(epochs)].sort((one, other) => one - other));
        expect(epochs.at(-1) ?? 0).toBe(Math.max(0, ...said));
      }),
    );
  });
});

describe("a gateway", () => {
  const toldAt = (teller: ReturnType<typeof createTeller>, now: number) =>
    teller.wake(now).map(({ to, message }) => [to, message.held]);

  test("says what it took, again and again, later and later, until it is acknowledged", () => {
    const teller = createTeller();
    teller.tellTo(["s"], 0);
    teller.hold([[IP, 4]], 0);
    const times: number[] = [];
    for (let now = 0; now < 8_000; now++) if (teller.wake(now).length > 0) times.push(now);
    expect(times).toEqual([0, 50, 150, 350, 750, 1_550, 3_150, 5_150, 7_150]);
    teller.answered("s", { type: "moved-answer", upTo: 1 }, 8_000);
    expect([teller.wake(100_000), teller.wakeAt()]).toEqual([[], Number.POSITIVE_INFINITY]);
  });

  test("says only what is new to whom", () => {
    const teller = createTeller();
    teller.tellTo(["s"], 0);
    teller.hold([["ip1", 1]], 0);
    teller.wake(0);
    teller.answered("s", { type: "moved-answer", upTo: 1 }, 1);
    teller.hold(
      [
        ["ip1", 1],
        ["ip2", 1],
      ],
      2,
    );
    teller.tellTo(["s", "t"], 2);
    expect(toldAt(teller, 2)).toEqual([
      ["s", [["ip2", 1]]],
      [
        "t",
        [
          ["ip1", 1],
          ["ip2", 1],
        ],
      ],
    ]);
  });

  test("does not say any more what it has let go", () => {
    const teller = createTeller();
    teller.tellTo(["s"], 0);
    teller.hold([["ip1", 1]], 0);
    teller.wake(0);
    teller.hold([], 10);
    expect(toldAt(teller, 100)).toEqual([]);
  });

  test("says a new epoch of what it held before", () => {
    const teller = createTeller();
    teller.tellTo(["s"], 0);
    teller.hold([["ip1", 1]], 0);
    teller.wake(0);
    teller.answered("s", { type: "moved-answer", upTo: 1 }, 1);
    teller.hold([["ip1", 3]], 2);
    expect(toldAt(teller, 2)).toEqual([["s", [["ip1", 3]]]]);
  });

  test("is not confused by old answers, impossible ones, and those of strangers", () => {
    const teller = createTeller();
    teller.tellTo(["s"], 0);
    teller.hold([["ip1", 1]], 0);
    teller.hold([["ip2", 1]], 0);
    for (const [from, upTo] of [
      ["s", 99],
      ["s", -1],
      ["s", 0],
      ["x", 2],
    ] as const) {
      teller.answered(from, { type: "moved-answer", upTo }, 0);
    }
    expect(toldAt(teller, 0)).toEqual([["s", [["ip2", 1]]]]);
    teller.answered("s", { type: "moved-answer", upTo: 2 }, 1);
    teller.answered("s", { type: "moved-answer", upTo: 1 }, 1);
    expect(teller.wake(10_000)).toEqual([]);
  });

  test("says thousands of addresses in pieces, one after the other", () => {
    const teller = createTeller();
    const held: HeldEpoch[] = Array.from({ length: 1_200 }, (_, number) => [`ip${number}`, 1]);
    teller.tellTo(["s"], 0);
    teller.hold(held, 0);
    const heard: HeldEpoch[] = [];
    for (let now = 0; now < 10; now++) {
      for (const { message } of teller.wake(now)) {
        expect(message.held.length).toBeLessThanOrEqual(ADDRESSES_MAX);
        heard.push(...message.held);
        teller.answered("s", { type: "moved-answer", upTo: message.upTo }, now);
      }
    }
    expect(heard).toEqual(held);
  });

  test("tells everybody before it repeats itself to anybody, a few at a time", () => {
    const teller = createTeller();
    const nodes = Array.from({ length: 1_000 }, (_, number) => `s${number}`);
    teller.tellTo(nodes, 0);
    teller.hold([[IP, 1]], 0);
    const told: string[] = [];
    // So slowly that the first are due again long before the last have been told.
    for (let now = 0; told.length < nodes.length; now += 100) {
      const some = teller.wake(now);
      expect(some.length).toBeLessThanOrEqual(64);
      told.push(...some.map(({ to }) => to));
    }
    expect(new Set(told.slice(0, nodes.length)).size).toBe(nodes.length);
  });

  test("has the same message for all who know the same", () => {
    const teller = createTeller();
    teller.tellTo(["s", "t"], 0);
    teller.hold([[IP, 1]], 0);
    const [one, other] = teller.wake(0);
    expect(one?.message).toBe(other?.message);
  });
});

describe("what another node says", () => {
  const good = { type: "moved", upTo: 1, held: [[IP, 4]] };
  test.each([good, { type: "moved-answer", upTo: 3 }])("$type is heard as it was said", (message) => {
    expect(parseMoveMessage(message)).toEqual(message);
  });

  test.each<[string, unknown]>([
    ["nothing", null],
    ["another type", { ...good, type: "heartbeat" }],
    ["a revision below one", { ...good, upTo: 0 }],
    ["an address in another form", { ...good, held: [["192.168.001.100", 4]] }],
    ["an epoch that is no whole number", { ...good, held: [[IP, 1.5]] }],
    ["an epoch that is missing", { ...good, held: [[IP]] }],
    ["no list", { ...good, held: { length: 1 } }],
    ["more than a message has", { ...good, held: Array.from({ length: ADDRESSES_MAX + 1 }, () => [IP, 1]) }],
    ["an answer without a revision", { type: "moved-answer" }],
  ])("%s is not heard", (_, message) => {
    expect(parseMoveMessage(message)).toBeNull();
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(parseMoveMessage(value)).toBeNull();
      }),
    );
  });
});
