/** What is read piece by piece is what a parser finds in the whole text, whatever the values hold and the chunks are. */

import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { boolCoreTag, dump, FAILSAFE_SCHEMA, load, nullCoreTag } from "js-yaml";
import { expect, test } from "vitest";
import { neededLines } from "../../../reconciler/inventory/needed.ts";
import { VIEWED_FIELDS } from "../../../reconciler/inventory/project.ts";
import { objectsOf, viewOf } from "./support.ts";

// FUZZ_RUNS raises the number of inputs; the seed of a failure is printed by fast-check.
const numRuns = Number(process.env.FUZZ_RUNS ?? 200);

const FRAGMENTS = [
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\\",
    ",",
    ":",
    ": ",
    "#",
    " #",
    "|",
    ">",
    "&a",
    "*a",
    "!",
    "%",
    "?",
    "- ",
    "-",
    "~",
  ],
  ...[
    "\n",
    "\n\n",
    "\n- ",
    "\n---\n",
    "\n...\n",
    "---",
    "items:\n- a: b",
    '"items":[{',
    "\nkind: Pod",
    "\t",
    " ",
    "  ",
    "\r\n",
  ],
  ...["é", "漢", "🚀", "\u2028", "\uFEFF", "\\u0041", "a", "yes", "null", "true", "1e3", "0x1f"],
];
const nasty = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 5 }).map((parts) => parts.join(""));
// Without backslashes: V8 14.6 reads the key "\\t" as "\\" where it expects that one, with JSON.parse of any text.
const plainKey = nasty.filter((text) => !text.includes("\\"));
const key = fc.oneof(fc.constantFrom("items", "kind", "labels", "podIP", "containers", "managedFields"), plainKey);

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    nasty,
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
  ),
}));
const map = fc.dictionary(key, value, { maxKeys: 4 });
const item = fc.record(
  {
    apiVersion: fc.constant("v1"),
    kind: fc.constantFrom("Pod", "Event"),
    metadata: map,
    spec: map,
    status: map,
    data: value,
  },
  { requiredKeys: ["kind"] },
);
const items = fc.array(item, { maxLength: 5 });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

const list = (entries: readonly unknown[]): object => ({ apiVersion: "v1", items: entries, kind: "List" });

test("JSON", async () => {
  const documents = fc.array(items, { minLength: 1, maxLength: 3 });
  const indent = fc.constantFrom(0, 1, 4, "\t");
  const between = fc.constantFrom("", "\n", "\r\n ");
  await fc.assert(
    fc.asyncProperty(
      documents,
      indent,
      between,
      fc.boolean(),
      sizes,
      async (lists, space, separator, marked, chunks) => {
        const text = lists.map((entries) => JSON.stringify(list(entries), null, space)).join(separator);
        expect(await objectsOf(`${marked ? "\uFEFF" : ""}${text}`, chunks)).toEqual(lists.flat());
      },
    ),
    { numRuns },
  );
});

/** What views look at: the rest of these sections may be left out. */
function viewed(object: unknown): unknown {
  const { metadata, spec, status, ...rest } = object as Record<string, unknown>;
  const pick = (section: unknown): object =>
    Object.fromEntries(Object.entries(section ?? {}).filter(([field]) => VIEWED_FIELDS.has(field)));
  return { ...rest, metadata: pick(metadata), spec: pick(spec), status: pick(status) };
}

const SCHEMA = FAILSAFE_SCHEMA.withTags(nullCoreTag, boolCoreTag);

test("YAML", async () => {
  const options = fc.record({
    seqNoIndent: fc.boolean(),
    indent: fc.constantFrom(2, 2, 2, 3, 4),
    lineWidth: fc.constantFrom(-1, 80, 12),
    seqInlineFirst: fc.constantFrom(true, true, false),
    flowLevel: fc.constantFrom(-1, -1, 1, 2, 3, 5),
  });
  const documents = fc.array(items, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(documents, options, fc.boolean(), sizes, async (lists, layout, crLf, chunks) => {
      const texts = lists.map((entries) => dump(list(entries), { noRefs: true, ...layout }));
      const written = texts.map((text) => (crLf ? text.replaceAll("\n", "\r\n") : text));
      const whole = written.flatMap((text) => (load(text, { schema: SCHEMA }) as { items: unknown[] }).items);
      const streamed = await objectsOf(written.join("---\n"), chunks);
      expect(streamed.map(viewed)).toEqual(whole.map(viewed));
    }),
    { numRuns },
  );
});

test("a damaged file is an inventory, or one line that names the file", async () => {
  const folder = new URL("../../corpus/inventory/", import.meta.url).pathname;
  const texts = await Promise.all(["kubectl.json", "kubectl.yaml"].map((file) => readFile(folder + file, "utf8")));
  const cut = fc.record({ at: fc.nat(), length: fc.nat(12), piece: fc.constantFrom("", "\0", "\ud800", ...FRAGMENTS) });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts), fc.array(cut, { minLength: 1, maxLength: 4 }), async (text, cuts) => {
      const damaged = cuts.reduce((before, { at, length, piece }) => {
        const start = at % before.length;
        return before.slice(0, start) + piece + before.slice(start + length);
      }, text);
      const seen = await viewOf(damaged);
      if (typeof seen === "string") expect(seen).toMatch(/^FILE(:\d+:\d+)?: \P{C}+$/u);
      else expect(seen.nodes.length).toBeGreaterThan(0);
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  );
});

test.each([
  {
    name: "what no view needs",
    text: "- kind: Pod\n  spec:\n    containers:\n    - name: a\n      args: [b]\n    nodeName: n\n",
    left: "- kind: Pod\n  spec:\n    nodeName: n\n",
  },
  {
    name: "a block scalar that looks like fields",
    text: "- spec:\n    x: |\n      nodeName: m\n\n     # no comment\n    nodeName: n\n",
    left: "- spec:\n    nodeName: n\n",
  },
  {
    name: "what stands in another column, where the list is indented",
    text: "  - status:\n      qosClass: x\n      phase: y\n",
    left: "  - status:\n      phase: y\n",
  },
])("left out: $name", ({ text, left }) => {
  expect(neededLines(Buffer.from(text)).toString()).toBe(left);
});

test.each([
  { name: "an alias may need it", text: "- spec:\n    x: &n node\n    nodeName: *n\n" },
  { name: "a flow mapping is not read by lines", text: "- spec: {\n    x: 1, hostNetwork: true,\n    nodeName: n}\n" },
  { name: "another indentation", text: "- spec:\n   x: 1\n" },
  { name: "a dash on a line of its own", text: "-\n  spec:\n    x: 1\n" },
  { name: "fields of other sections", text: "- data:\n    x: 1\n  spec: &s\n    y: 1\n" },
  { name: "a quoted key", text: '- spec:\n    "x": 1\n' },
])("nothing is left out: $name", ({ text }) => {
  expect(neededLines(Buffer.from(text)).toString()).toBe(text);
});
