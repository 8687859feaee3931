import { describe, expect, test } from "vitest";
import { MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_FINDINGS } from "../../../policies/manifests/limits.ts";
import { parseFile } from "../../../policies/manifests/parse.ts";
import { repair } from "../../../policies/manifests/repair.ts";
import { brief, file, group, policy, read } from "./files.ts";

// Files that were made to stop the reader. Each ends at once, in findings that can be read. The bound is the test's own
// timeout: what is quadratic in these sizes takes minutes.

const HEAD =
  "kind: NetworkGatewayGroup\napiVersion: networking.gke.io/v1\nmetadata: {namespace: kube-system, name: default}\nspec:\n";

/** A quarter of what a file may hold, made of one piece. */
function fill(piece: string, head = "", tail = ""): string {
  const size = (text: string) => new TextEncoder().encode(text).length;
  return head + piece.repeat(Math.floor((MAX_FILE_BYTES / 4 - size(head + tail)) / size(piece))) + tail;
}

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

const HOSTILE: readonly (readonly [name: string, text: string, findings: readonly string[]])[] = [
  ["only line breaks", fill("\n"), []],
  ["only document markers", fill("---\n"), []],
  ["brackets", fill("["), [`1:${MAX_DEPTH} too-deep`]],
  ["nested lists", fill("- "), [`1:${2 * MAX_DEPTH + 1} too-deep`]],
  ["a quote that never closes", fill("a", '"'), [`1:${MAX_FILE_BYTES / 4 + 1} yaml`]],
  ["one endless key", fill("a", "", ": b\n"), []],
  [
    "an alias bomb",
    lines(
      9,
      (i) =>
        `k${i}: &a${i} [${
          i === 0
            ? "x"
            : Array(9)
                .fill(`*a${i - 1}`)
                .join(", ")
        }]\n`,
    ),
    ["5:35 alias-expansion"],
  ],
  [
    "a hundred thousand aliases",
    `a: &a x\nb: [${"*a, ".repeat(100_000)}]\n`,
    [`2:${4 + 4 * MAX_ALIASED_NODES + 1} alias-expansion`],
  ],
  ["anchors in anchors", lines(90, (i) => `${" ".repeat(i)}&a${i} !!map\n`), ["2:2 yaml"]],
  ["a cycle", "a: &a\n  b: *a\n", ["2:6 alias-cycle"]],
  [
    "one key a hundred thousand times",
    `${HEAD}  floatingIPs: [192.168.1.100]\n${lines(100_000, () => "  a: 1\n")}`,
    [],
  ],
  ["ten thousand documents", lines(10_000, (i) => `---\nkind: ConfigMap\nmetadata: {name: c${i}}\n`), []],
  [
    "prototype keys",
    group("192.168.1.100").replace("{floatingIPs", "{__proto__: {a: b}, constructor: c, toString: d, floatingIPs"),
    ["1:121 unknown-field", "1:140 unknown-field", "1:156 unknown-field"],
  ],
  ["prototype names", group("192.168.1.100").replace("default", "__proto__"), ["1:104 invalid-name"]],
  [
    "a label called constructor",
    group("192.168.1.100") +
      "---\n" +
      policy({ sources: "[{namespaceSelector: {}, podSelector: {matchLabels: {constructor: x}}}]" }),
    [],
  ],
  ["a number of a megabyte", fill("1", `${HEAD}  floatingIPs: [`, "]\n"), ["5:17 invalid-address"]],
  ["an address of colons", fill(":", `${HEAD}  floatingIPs: ["`, '"]\n'), ["5:17 invalid-address"]],
  ["a name of a megabyte", group("192.168.1.100", "a-".repeat(400_000)), ["1:104 invalid-name"]],
];

describe("hostile files", () => {
  test.each(HOSTILE)("%s", (name, text, expected) => {
    const found = brief(read(text).findings);
    if (name === "one key a hundred thousand times") expect(found).toHaveLength(MAX_FINDINGS + 1);
    else expect(found).toEqual(expected);
    expect(() => repair(text)).not.toThrow();
  });

  test.each([
    ["em dashes", fill("  — 1\n", `${HEAD}  floatingIPs:\n`)],
    ["one line of no-break spaces", fill("\u00a0", HEAD)],
    ["alternating odd spaces", fill("\u00a0\u2003\n", HEAD)],
    ["zero-width spaces", fill("\u200b x", HEAD)],
    ["opening quotes", fill(" “a”", `${HEAD}  a: `)],
    ["quoted keys", fill("“a”: b\n", HEAD)],
    ["fields without colons", fill("spec\n", HEAD)],
    ["items without spaces", fill("-a\n", HEAD)],
    ["joined separators", fill("–-\n", HEAD)],
    ["kinds nearly right", fill("kind: networkgatewayGroup\n---\n", HEAD)],
    ["placeholders", fill("  ...\n", HEAD)],
    ["bad addresses", fill("  - x\n", `${HEAD}  floatingIPs:\n`)],
  ])("mistakes without end: %s", (_, text) => {
    const { findings } = read(text);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThanOrEqual(2 * MAX_FINDINGS);
    expect(() => repair(text)).not.toThrow();
  });

  test("a file one byte over the limit is not read", () => {
    expect(brief(parseFile(file("a.yaml", new Uint8Array(MAX_FILE_BYTES + 1))).findings)).toEqual(["1:1 too-large"]);
  });

  test("a broken document hides nothing of the others", () => {
    const text = `${group("192.168.1.100")}---\na: {b\n---\n${policy({ action: "DNAT" })}---\nc: "d\n---\n${policy({ destinations: "[{cidr: x}]" }, "paul")}`;
    expect(brief(read(text).findings)).toEqual([
      "4:1 yaml",
      "11:11 unknown-value",
      "16:1 yaml",
      "24:25 invalid-cidr",
      "25:22 gateway-ref-shared",
    ]);
  });

  test("what an unreadable document may have declared is not reported as missing", () => {
    expect(brief(read(`${policy()}---\nkind: {\n`).findings)).toEqual(["12:1 yaml"]);
  });

  test("bytes that are no text", () => {
    const bytes = Uint8Array.of(0x6b, 0x3a, 0x20, 0xc3, 0x28);
    expect(brief(parseFile(file("a.yaml", bytes)).findings)).toEqual(["1:4 encoding"]);
    expect(brief(parseFile(file("a.yaml", Uint8Array.of(0xff, 0xfe, 0x61, 0))).findings)).toEqual(["1:1 encoding"]);
    expect(brief(parseFile(file("a.yaml", Uint8Array.of(0x61, 0xe2, 0x80))).findings)).toEqual(["1:2 encoding"]);
  });
});
