/** The shape of a message at the door. A node that speaks another dialect, or garbles, is not heard; it harms nobody. */
import type { Message } from "./messages.ts";
import { BATCH_MAX, HINTS_MAX } from "./messages.ts";
import { SET_KEY } from "./register.ts";
import { nodeOf } from "./witness-set.ts";

/** Addresses of one node: as many as a cluster may have. */
const ADDRESSES_MAX = 10_000;
const WITNESSES_MAX = 15;

/** @returns the message, or one line that says why it is none. Fields that are not known are left alone. */
export function parseMessage(value: unknown): Message | string {
  if (!isObject(value)) return "a message is not an object";
  const shape = typeof value.type === "string" && Object.hasOwn(SHAPES, value.type) ? SHAPES[value.type] : undefined;
  if (shape === undefined) return `a message has a type that is not known: ${shown(value.type)}`;
  for (const [name, fits] of Object.entries(shape)) {
    if (!fits(value[name])) return `${value.type}.${name} is not as agreed: ${shown(value[name])}`;
  }
  return value as unknown as Message;
}

type Fits = (value: unknown) => boolean;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? "missing";
}

const count: Fits = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const milliseconds: Fits = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const matches =
  (pattern: RegExp): Fits =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const oneOf =
  (...words: readonly string[]): Fits =>
  (value) =>
    words.includes(value as string);
const tuple =
  (...items: readonly Fits[]): Fits =>
  (value) =>
    Array.isArray(value) && value.length === items.length && items.every((fits, i) => fits(value[i]));
const object =
  (fields: Readonly<Record<string, Fits>>): Fits =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, fits]) => fits(value[name]));
const list =
  (item: Fits, most: number): Fits =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(item);
/** A list whose items, or their first parts, are all different. */
const distinct =
  (item: Fits, most: number): Fits =>
  (value) =>
    list(item, most)(value) &&
    new Set((value as unknown[]).map((one) => (Array.isArray(one) ? one[0] : one))).size ===
      (value as unknown[]).length;
const either =
  (...options: readonly Fits[]): Fits =>
  (value) =>
    options.some((fits) => fits(value));
const nothing: Fits = (value) => value === null;

/** Names of nodes are DNS subdomains (RFC 1123), as Kubernetes has them. */
const node = matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
const witness = matches(/^(_reconciler|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)#[a-zA-Z0-9-]{1,64}$/);
const ip = matches(/^[0-9a-f]*[.:][0-9a-f.:]{0,44}$/);
const key = either(ip, oneOf(SET_KEY));
const ballot = tuple(count, node, count);
/** An owner is a node, or the members of a set. */
const owner = matches(/^[a-zA-Z0-9._#-]+( [a-zA-Z0-9._#-]+)*$/);
const value = object({ epoch: count, owner });
const accepted = either(nothing, object({ epoch: count, owner, ballot }));
const grounds = oneOf("own", "new", "released", "expired");
const purpose = oneOf("take", "rewrite");
const claims = distinct(tuple(ip, count), ADDRESSES_MAX);
const denied = distinct(tuple(key, count), BATCH_MAX);
const free = distinct(tuple(ip, either(oneOf(""), node)), HINTS_MAX);
const truth: Fits = (value) => typeof value === "boolean";

const members: Fits = (value) => {
  if (!list(witness, WITNESSES_MAX)(value)) return false;
  const nodes = (value as string[]).map(nodeOf);
  return new Set(nodes).size === nodes.length && nodes.length > 0;
};
const noSet = object({ version: (value) => value === 0, members: list(witness, 0) });
const someSet = object({ version: (value) => count(value) && value !== 0, members });

const SHAPES: Readonly<Record<string, Readonly<Record<string, Fits>>>> = {
  heartbeat: {
    ...{ set: count, generation: count, number: count, watch: count, claims },
    lease: oneOf("short", "parking", "parked"),
  },
  "heartbeat-answer": {
    set: count,
    generation: count,
    number: count,
    watch: count,
    round: count,
    refused: claims,
    free,
  },
  freed: { set: count, free },
  watch: { generation: count, version: count, ips: distinct(ip, ADDRESSES_MAX) },
  prepare: { set: count, ballot, purpose, keys: distinct(key, BATCH_MAX) },
  promised: { set: count, ballot, promised: distinct(tuple(key, accepted, grounds), BATCH_MAX), denied },
  accept: { set: count, ballot, purpose, values: distinct(tuple(key, value), BATCH_MAX) },
  accepted: { set: count, ballot, accepted: distinct(key, BATCH_MAX), denied },
  list: { set: count, after: either(oneOf(""), key) },
  listing: {
    ...{ set: count, after: either(oneOf(""), key), keys: distinct(key, BATCH_MAX) },
    ...{ more: truth, parkedMs: milliseconds },
  },
  set: { ask: truth, witness, set: either(noSet, someSet) },
};
