// One datagram: what was sealed opens again, and nothing else does · pieces in any order · numbers taken once
import { createSecretKey, randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_MAX, HINTS_MAX } from "../../../nodeagent/lease/messages.ts";
import {
  type Datagram,
  PIECE_BYTES_MAX,
  PIECES_MAX,
  RUN_MAX,
  seal,
  unseal,
} from "../../../nodeagent/peers/datagram.ts";
import { createAssembly, toMessage, toPieces } from "../../../nodeagent/peers/pieces.ts";
import { createWindow } from "../../../nodeagent/peers/window.ts";

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => createSecretKey(bytes));
const number = fc.integer({ min: 0, max: RUN_MAX });
const position = fc
  .integer({ min: 1, max: PIECES_MAX })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.integer({ min: 0, max: count - 1 }) }));
const pieces = fc.record({ packed: fc.boolean(), bytes: fc.uint8Array({ maxLength: PIECE_BYTES_MAX }) });
const datagrams: fc.Arbitrary<Datagram> = fc
  .tuple(position, pieces, fc.record({ senderRun: number, receiverRun: number, number }))
  .map(([at, piece, rest]) => ({ ...at, ...piece, ...rest }));

describe("a datagram", () => {
  test("opens as it was sealed", () => {
    fc.assert(
      fc.property(keys, datagrams, (key, datagram) => {
        const opened = unseal(key, seal(key, datagram));
        expect(opened).toEqual({ ...datagram, bytes: Buffer.from(datagram.bytes) });
      }),
    );
  });

  test("does not open with one bit flipped, wherever it is", () => {
    fc.assert(
      fc.property(keys, datagrams, fc.nat(), (key, datagram, anywhere) => {
        const sealed = seal(key, datagram);
        const bit = anywhere % (8 * sealed.length);
        sealed.writeUInt8(sealed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(unseal(key, sealed)).toBeTypeOf("string");
      }),
    );
  });

  test("does not open shortened, lengthened, or with another key", () => {
    fc.assert(
      fc.property(keys, keys, datagrams, fc.nat(), (key, other, datagram, length) => {
        const sealed = seal(key, datagram);
        expect(unseal(key, sealed.subarray(0, length % sealed.length))).toBeTypeOf("string");
        expect(unseal(key, Buffer.concat([sealed, Buffer.of(0)]))).toBeTypeOf("string");
        if (!key.equals(other)) expect(unseal(other, sealed)).toBe("forged");
      }),
    );
  });

  test("made of chance does not open", () => {
    const key = createSecretKey(randomBytes(32));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        expect(unseal(key, Buffer.from(bytes))).toBeTypeOf("string");
      }),
    );
  });

  test("is never longer than the path carries", () => {
    const full = { index: 0, count: 1, packed: false, bytes: new Uint8Array(PIECE_BYTES_MAX) };
    const sealed = seal(createSecretKey(randomBytes(32)), { ...full, senderRun: 1, receiverRun: 1, number: 1 });
    expect(sealed.length + 48).toBeLessThanOrEqual(1_280);
  });
});

test("a datagram that is longer than agreed is none, even if its key's owner made it", () => {
  const key = createSecretKey(randomBytes(32));
  const long = { index: 0, count: 1, packed: false, bytes: new Uint8Array(PIECE_BYTES_MAX + 1) };
  expect(unseal(key, seal(key, { ...long, senderRun: 1, receiverRun: 1, number: 1 }))).toBe("malformed");
});

describe("the largest messages there are fit, with addresses of chance", () => {
  const ips = (count: number) =>
    Array.from({ length: count }, () => `fd00:1:2:3:${randomBytes(8).toString("hex").match(/.{4}/g)?.join(":")}`);
  const name = (index: number) => `ip-10-0-${index}-${randomBytes(4).toString("hex")}.eu-central-1.compute.internal`;
  const names = Array.from({ length: 50 }, (_, index) => name(index));
  const anyName = () => names[Math.floor(Math.random() * names.length)] as string;
  const head = { set: 3, generation: 1_790_000_000_000 };
  const ballot = [12, anyName(), head.generation];

  const messages: readonly Readonly<Record<string, unknown>>[] = [
    { ...head, type: "heartbeat", number: 1, lease: "short", claims: ips(4_000).map((ip) => [ip, 12]), watch: 4 },
    { ...head, type: "watch", version: 4, ips: ips(4_000) },
    {
      ...{ ...head, type: "heartbeat-answer", number: 1, watch: 1, refused: [] },
      free: ips(HINTS_MAX).map((ip) => [ip, anyName()]),
    },
    {
      ...{ type: "promised", set: 3, ballot, denied: [] },
      promised: ips(BATCH_MAX).map((ip) => [ip, { ballot: [7, anyName(), 5], epoch: 12, owner: anyName() }, "expired"]),
    },
    {
      ...{ type: "accept", set: 3, ballot, purpose: "take" },
      values: ips(BATCH_MAX).map((ip) => [ip, { epoch: 12, owner: anyName() }]),
    },
  ];

  test.each(messages)("$type", (message) => {
    expect(toPieces(message)).not.toBeNull();
  });
});

describe("a message in pieces", () => {
  const split = (message: unknown, from: number) =>
    (toPieces(message) ?? []).map((piece, index) => ({ number: from + index, piece }));
  /** So that compressing does not make it one piece. */
  const noise = (bytes: number) => randomBytes(bytes).toString("base64");

  test("is whole again in whatever order its pieces come, each once or twice", () => {
    const message = noise(8_000);
    const arriving = split(message, 1);
    expect(arriving.length).toBeGreaterThan(5);
    const orders = fc.shuffledSubarray([...arriving, ...arriving], { minLength: 2 * arriving.length });
    fc.assert(
      fc.property(orders, (order) => {
        const assembly = createAssembly();
        const seen = new Set<number>();
        // What comes twice is dropped by its number before it gets here.
        const whole = order.filter(({ number }) => !seen.has(number) && seen.add(number));
        const messages = whole.flatMap(({ number, piece }) => assembly.add(number, piece) ?? []);
        expect(messages.map(toMessage)).toEqual([message]);
      }),
    );
  });

  test("is given up when four later ones have begun", () => {
    const assembly = createAssembly();
    const [first, ...later] = [1, 101, 201, 301, 401].map((from) => split(noise(2_000), from));
    for (const begun of [first, ...later]) assembly.add(begun?.[0]?.number ?? 0, begun?.[0]?.piece as never);
    const finish = (begun = first) =>
      begun?.slice(1).flatMap(({ number, piece }) => assembly.add(number, piece) ?? []).length;
    expect([finish(first), finish(later[0])]).toEqual([0, 1]);
  });

  test("is nothing when its pieces do not agree how many they are", () => {
    const assembly = createAssembly();
    const bytes = Buffer.from('"x"');
    expect(assembly.add(1, { index: 0, count: 2, packed: false, bytes })).toBeNull();
    expect(assembly.add(2, { index: 1, count: 3, packed: false, bytes })).toBeNull();
  });

  test.each<[string, { packed: boolean; bytes: Buffer }]>([
    ["no JSON", { packed: false, bytes: Buffer.from("{") }],
    ["nothing", { packed: false, bytes: Buffer.alloc(0) }],
    ["compressed, and is not", { packed: true, bytes: Buffer.from('"x"') }],
    [
      "a small one that becomes a huge one",
      { packed: true, bytes: deflateRawSync(JSON.stringify("x".repeat(2_000_000))) },
    ],
  ])("is none when it is %s", (_, whole) => {
    expect(toMessage(whole)).toBeUndefined();
  });
});

test("a number is taken once, and as long as it is not far behind", () => {
  const edges = [0, 1, 31, 32, 33, 512, 1_023, 1_024, 1_025, 1_055, 1_056, 1_057];
  const steps = fc.array(fc.constantFrom(...edges, ...edges.map((edge) => -edge)), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(steps, (fromNewest) => {
      const window = createWindow();
      const taken = new Set<number>();
      let newest = 0;
      for (const step of fromNewest) {
        const number = Math.max(1, newest + step);
        const expected = !taken.has(number) && number + 1_024 > newest;
        expect(window.take(number)).toBe(expected);
        if (expected) taken.add(number);
        newest = Math.max(newest, number);
      }
    }),
  );
});
