import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, formatPrefix, parseAddress, parseCidr } from "../../../policies/addresses.ts";
import type { Finding } from "../../../policies/findings.ts";
import { CODES } from "../../../policies/manifests/codes.ts";
import { parseFile } from "../../../policies/manifests/parse.ts";
import { assemble, readManifests } from "../../../policies/manifests/read.ts";
import { repair } from "../../../policies/manifests/repair.ts";
import { cluster, file, group, policy } from "./files.ts";

// Honest manifests, damaged. FUZZ_RUNS raises the number of inputs; the seed of a failure is printed by fast-check.
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);

const HONEST = [
  `# groups\n${group("192.168.1.100, 192.168.1.101")}---\n${group("192.168.1.101", "web")}---\n${policy()}`,
  policy({
    sources: "\n  - namespaceSelector: &all {}\n    podSelector: *all",
    destinations: "\n  - cidr: 2001:db8::/32",
  }),
  cluster('podCIDRs: [10.10.0.0/16]\nnodeSubnets:\n- 192.168.1.0/24\noverlay: {vni: 7}\nschedule: "*/5 * * * *"'),
  `{"kind": "List", "apiVersion": "v1", "items": [${group("::1").trim()}, ${group("10.0.0.1", "b").trim()}]}`,
  "%YAML 1.2\n---\nenableDataplaneV2: true\n...\nadvancedNetworking: true\n",
  `${policy().replace("spec:", "status: |\n  — text\nspec:")}`,
  `${group("192.168.1.100")}---\n${policy()}`.replace(/^(?=.)/gm, "    "),
];

const PIECES = [
  ..."\t\n\r\0\u00a0\u200b\ufeff—–“”‘’：…•-:,[]{}&*!|>%@`'\"#?~<= 0",
  ..."---\n|...\n|<<: |&a |*a |? |!!str |__proto__: |constructor: |- - |010.1.2.3|/33|\\x|\uD800|😀|null|true|spec\n".split(
    "|",
  ),
];

const cut = fc.record({ at: fc.nat(), length: fc.nat(12), piece: fc.constantFrom("", ...PIECES), copy: fc.nat(40) });

/** Cuts, pastes and copies within an honest text. */
const damaged = fc.tuple(fc.constantFrom(...HONEST), fc.array(cut, { maxLength: 6 })).map(([text, cuts]) =>
  cuts.reduce((damagedText, { at, length, piece, copy }) => {
    const start = at % (damagedText.length + 1);
    const copied = piece === "" ? damagedText.slice(copy, copy + length) : piece;
    return damagedText.slice(0, start) + copied + damagedText.slice(start + length);
  }, text),
);

const SLIPS: Readonly<Record<string, readonly string[]>> = {
  ":": ["", "：", " :", ":\u00a0"],
  "- ": ["— ", "–", "• ", "-"],
  " ": ["\u00a0", "\u200b ", "\t"],
  "'": ["’", "”"],
  "---": ["—-", "–––"],
  Policy: ["policy", "-Policy"],
};

const slip = fc.record({ at: fc.nat(), written: fc.constantFrom(...Object.keys(SLIPS)), instead: fc.nat(3) });

/** What fingers and word processors do to an honest text. */
const mistyped = fc
  .tuple(fc.constantFrom(...HONEST), fc.array(slip, { minLength: 1, maxLength: 5 }))
  .map(([text, slips]) =>
    slips.reduce((mistypedText, { at, written, instead }) => {
      const start = mistypedText.indexOf(written, at % mistypedText.length);
      if (start < 0) return mistypedText;
      const odd = SLIPS[written]?.[instead] ?? "";
      return mistypedText.slice(0, start) + odd + mistypedText.slice(start + written.length);
    }, text),
  );

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  damaged.map((text) => new TextEncoder().encode(text)),
);

function expectSound(findings: readonly Finding[], texts: ReadonlyMap<string, string>): void {
  for (const { file: path, line, column, code, message, fix } of findings) {
    expect(CODES).toHaveProperty([code]);
    expect(`${message}${fix}`).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(message.length + fix.length).toBeLessThan(1000);
    const lines = (texts.get(path) ?? "").split(/\r\n|\r|\n/);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
  }
}

const isError = ({ severity }: Finding) => severity === "error";

describe("whatever the files hold", () => {
  test("reading ends, every finding stands in its file, and addresses are canonical", () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 3 }), (contents) => {
        const files = contents.map((content, index) => file(`f${index}.yaml`, content));
        const texts = contents.map((content, index) => [`f${index}.yaml`, new TextDecoder().decode(content)] as const);
        const { intent, findings } = readManifests(files);
        expectSound(findings, new Map(texts));
        for (const { value } of intent?.groups.flatMap((one) => one.floatingIPs) ?? []) {
          const address = parseAddress(value);
          expect(address && formatAddress(address)).toBe(value);
        }
        for (const { value } of intent?.policies.flatMap((one) => one.destinations) ?? []) {
          const prefix = parseCidr(value);
          expect(prefix && formatPrefix(prefix)).toBe(value);
        }
        const reversed = assemble(files.toReversed().map(parseFile));
        expect(reversed).toEqual({ intent, findings });
      }),
      { numRuns },
    );
  });

  test("repair mends what it says, once, and breaks nothing", () => {
    fc.assert(
      fc.property(fc.oneof(damaged, mistyped), (written) => {
        const text = written.toWellFormed(); // no file holds half a character
        fc.pre(!text.includes("\0")); // such a file is not read at all, so nobody repairs it
        const { findings } = readManifests([file("a.yaml", text)]);
        const repaired = repair(text);
        const { findings: left } = readManifests([file("a.yaml", repaired.text)]);
        if (repaired.fixes.length === 0) expect(repaired.text).toBe(text);
        else expect(left.filter(isError).length).toBeLessThan(findings.filter(isError).length);
        const told = new Set(findings.map(({ code, line }) => `${line} ${code}`));
        expect(left.filter(({ code, line }) => !told.has(`${line} ${code}`))).toEqual([]);
        expect(repair(repaired.text).text).toBe(repaired.text);
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      }),
      { numRuns },
    );
  });
});
