import { describe, expect, test } from "vitest";
import { repair } from "../../../policies/manifests/repair.ts";
import { brief, group, policy, read } from "./files.ts";

const RIGHT = `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: default # the only one that is allocated
spec:
  floatingIPs:
  - 192.168.1.100
`;

/** What is written instead of what, where that is told, what the message names, and that the text can be repaired. */
const SLIPS: readonly (readonly [wrong: string, right: string, place: string, named: string])[] = [
  ["  — 192", "  - 192", "8:3", "U+2014 EM DASH"],
  ["  – 192", "  - 192", "8:3", "U+2013 EN DASH"],
  ["  − 192", "  - 192", "8:3", "U+2212 MINUS SIGN"],
  ["  ‐ 192", "  - 192", "8:3", "U+2010 HYPHEN"],
  ["  • 192", "  - 192", "8:3", "U+2022 BULLET"],
  ["  —192", "  - 192", "8:3", "U+2014 EM DASH"],
  ["  -192", "  - 192", "8:3", "no space behind it"],
  ["\u00a0\u00a0- 192", "  - 192", "8:1", "U+00A0 NO-BREAK SPACE (2 times)"],
  ["  -\u00a0192", "  - 192", "8:4", "U+00A0 NO-BREAK SPACE"],
  ["  -\u3000192", "  - 192", "8:4", "U+3000 IDEOGRAPHIC SPACE"],
  ["1.100\u00a0", "1.100 ", "8:18", "U+00A0 NO-BREAK SPACE"],
  ["1.100\u200b", "1.100", "8:18", "U+200B ZERO WIDTH SPACE"],
  ["- \u202e192", "- 192", "8:5", "U+202E RIGHT-TO-LEFT OVERRIDE"],
  ["“192.168.1.100”", '"192.168.1.100"', "8:5", "U+201C LEFT DOUBLE QUOTATION MARK"],
  ["„192.168.1.100“", '"192.168.1.100"', "8:5", "U+201E DOUBLE LOW-9 QUOTATION MARK"],
  ["‘192.168.1.100’", "'192.168.1.100'", "8:5", "U+2018 LEFT SINGLE QUOTATION MARK"],
  ['"192.168.1.100”', '"192.168.1.100"', "8:19", "U+201D RIGHT DOUBLE QUOTATION MARK"],
  ["“name”:", '"name":', "5:3", "U+201C LEFT DOUBLE QUOTATION MARK"],
  ["name： default", "name: default", "5:7", "U+FF1A FULLWIDTH COLON"],
  ["name：default", "name: default", "5:7", "U+FF1A FULLWIDTH COLON"],
  ["name:default", "name: default", "5:3", "name has no space"],
  ["name default", "name: default", "5:3", "name has no colon"],
  ["kind Net", "kind: Net", "1:1", "kind has no colon"],
  ["metadata\n", "metadata:\n", "3:1", "metadata has no colon"],
  ["floatingIPs\n", "floatingIPs:\n", "7:3", "floatingIPs has no colon"],
];

function write(wrong: string, right: string): string {
  const places: Record<string, string> = {
    '"192.168.1.100"': "192.168.1.100",
    "'192.168.1.100'": "192.168.1.100",
    '"name":': "name:",
    "1.100 ": "1.100",
  };
  return RIGHT.replace(places[right] ?? right, wrong);
}

describe("slips of form", () => {
  test.each(SLIPS)("%j for %j is one finding, and the rest is read", (wrong, right, place, named) => {
    const { intent, findings } = read(write(wrong, right));
    expect(findings.map(({ line, column }) => `${line}:${column}`)).toEqual([place]);
    expect(findings[0]).toMatchObject({ severity: "error", object: { kind: "NetworkGatewayGroup", name: "default" } });
    expect(findings[0]?.message).toContain(named);
    expect(intent?.groups[0]?.floatingIPs.map(({ value }) => value)).toEqual(["192.168.1.100"]);
  });

  test.each(SLIPS)("%j is repaired to %j", (wrong, right, place) => {
    const repaired = repair(write(wrong, right));
    expect(repaired.fixes.map(({ line, column }) => `${line}:${column}`)).toEqual([place]);
    expect(repaired.text).toContain(right);
    expect(read(repaired.text).findings).toEqual([]);
    expect(repair(repaired.text)).toEqual({ text: repaired.text, fixes: [] });
  });

  test("several in one file, beside a mistake of another sort, are all told at once", () => {
    const text = `${RIGHT.replace("spec:", "spec").replace("- 192.168.1.100", "— 192.168.1.300\n  — 192.168.1.101")}———\n${policy({ action: "“SNAT”", destinations: "[{cidr: 8.8.8.8/24}]" })}`;
    expect(brief(read(text).findings)).toEqual([
      "6:1 missing-colon",
      "8:3 typographic-character",
      "8:5 invalid-address",
      "9:3 typographic-character",
      "10:1 typographic-character",
      "17:11 typographic-character",
      "18:25 host-bits",
    ]);
  });

  test("separators that were joined move no place", () => {
    const text = `${RIGHT}–-\n${policy()}`.replace("action: SNAT\n", "action: SNAT\r\n");
    expect(brief(read(text).findings)).toEqual(["9:1 typographic-character", "16:15 carriage-return"]);
  });

  test("typography in comments, annotations, block scalars and kinds that are not ours is nobody's business", () => {
    const annotated = RIGHT.replace(
      "  name: default",
      "  name: default\n  annotations:\n    note: “all” — ours\n    long: |\n      — one",
    );
    const foreign =
      "kind: ConfigMap\napiVersion: v1\ndata:\n  sallyport.dev: “hello”\n  text: |\n    — EgressNATPolicy\n";
    const wrong = annotated.replace("- 192", "— 192.168.1.99 # “the” — first\n  - 192");
    expect(read(annotated).findings).toEqual([]);
    expect(read(foreign).findings).toEqual([]);
    expect(repair(foreign).fixes).toEqual([]);
    expect(brief(read(wrong).findings)).toEqual(["12:3 typographic-character"]);
  });
});

describe("repair", () => {
  test.each([
    ["a placeholder", RIGHT.replace("spec:", "spec:\n  ...")],
    ["a tab", RIGHT.replace("  - 192", "\t- 192")],
    ["host bits", group("192.168.1.100") + policy({ destinations: "[{cidr: 8.8.8.8/24}]" })],
    ["a leading zero", group("192.168.1.010")],
    ["text that stays unreadable", `${RIGHT}  — {\n`],
    ["text without any of our kinds", "kind: ConfigMap\ndata:\n  — x\n"],
  ])("%s is left alone", (_, text) => {
    expect(repair(text)).toEqual({ text, fixes: [] });
  });

  test("the spelling of a kind", () => {
    const { text, fixes } = repair(policy().replace("EgressNATPolicy", "EgressNatPolicy"));
    expect(text).toBe(policy());
    expect(fixes).toMatchObject([{ code: "unknown-kind", line: 1, column: 7 }]);
  });

  test("a kind that is seen only when its line has a colon, and every item of a list", () => {
    const item = policy({}, "b").replace("EgressNATPolicy", "EgressNat-Policy").trim().replaceAll("\n", "\n  ");
    const list = `kind: List\napiVersion: v1\nitems:\n- ${item}\n- ${item.replace("name: b", "name: c")}\n`;
    const { text, fixes } = repair(`${policy().replace("kind: EgressNAT", "kind EgressNat")}---\n${list}`);
    expect(text).toBe(`${policy()}---\n${list.replaceAll("Nat-Policy", "NATPolicy")}`);
    expect(fixes.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual([
      "1:1 missing-colon",
      "1:6 unknown-kind",
      "14:9 unknown-kind",
      "23:9 unknown-kind",
    ]);
  });

  test("line ends and everything else stay as they are", () => {
    const crlf = RIGHT.replaceAll("\n", "\r\n");
    expect(repair(crlf.replace("- 192", "— 192")).text).toBe(crlf);
  });
});
