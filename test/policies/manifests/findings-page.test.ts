import { readFileSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../../policies/addresses.ts";
import type { Finding } from "../../../policies/findings.ts";
import { CODES, type Code } from "../../../policies/manifests/codes.ts";
import type { FileProblem, ManifestFile } from "../../../policies/manifests/file.ts";
import { judge } from "../../../policies/manifests/judge.ts";
import { type Reading, readManifests } from "../../../policies/manifests/read.ts";
import { mergeFindings } from "../../../policies/merge-findings.ts";
import { nothingBefore, type Previous, plan } from "../../../policies/plan.ts";
import type { NodeView, View } from "../../../policies/view.ts";
import { readInventory } from "../../../reconciler/inventory/file.ts";
import { file, group } from "./files.ts";

// docs/findings.md is the specification of this test: every example there is read, and must say what is printed below it.

interface Example {
  readonly code: string;
  readonly severity: string;
  /** The words behind the fence of the manifests. */
  readonly info: string;
  readonly manifests: string;
  /** Manifests that were in force before. */
  readonly before: string | undefined;
  readonly inventory: string | undefined;
  /** How many nodes like the first one the inventory stands for. */
  readonly nodes: number;
  readonly printed: string;
}

interface Section {
  readonly code: string;
  readonly text: string;
  readonly examples: readonly Example[];
}

const page = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");
const sections = [...page.matchAll(/^### `([a-z0-9-]+)`\n\n\*\*(\w+)\*\* – ([\s\S]*?)(?=^##|(?![\s\S]))/gm)].map(
  readSection,
);

function readSection([, code = "", severity = "", body = ""]: readonly string[]): Section {
  const [text = ""] = body.split("\n```");
  const examples = [...body.matchAll(/(?:```(?!text)[\s\S]*?\n```\n\n)+```text\n[\s\S]*?\n```$/gm)].map(([example]) => {
    const fences = [...example.matchAll(/^```([^\n]*)\n([\s\S]*?)\n```$/gm)];
    const fence = (info: string) => fences.find((one) => one[1] === info)?.[2];
    const inventory = fences.find((one) => one[1]?.startsWith("yaml inventory"));
    const [, info = "", manifests = ""] = fences[0] ?? [];
    const printed = fence("text") ?? "";
    return {
      code,
      severity,
      info,
      manifests,
      before: fence("yaml before"),
      inventory: inventory?.[2],
      nodes: Number(/ of (\d+) such nodes$/.exec(inventory?.[1] ?? "")?.[1] ?? 1),
      printed,
    };
  });
  return { code, text: text.trim().replaceAll("\n", " "), examples };
}

function print({ file: path, line, column, severity, message, code, fix }: Finding): string {
  return `${path}:${line}:${column}: ${severity}: ${message} (${code})\n  ${fix}`;
}

/** `\xff`, `\r` and the like become the bytes they stand for; everything else is UTF-8. */
function unescapeBytes(text: string): Uint8Array {
  const parts = text.split(/(\\x[0-9a-f]{2}|\\r)/).map((part) => {
    if (part === "\\r") return Uint8Array.of(13);
    return part.startsWith("\\x") ? Uint8Array.of(Number.parseInt(part.slice(2), 16)) : new TextEncoder().encode(part);
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** "last line 201 times", "last line 201 times, each with the next address". */
function repeatLastLine(text: string, info: string): string {
  const [, times = "1", counting] = /last line (\d+) times(, each with the next address)?/.exec(info) ?? [];
  const [lastLine = ""] = /[^\n]*\n$/.exec(text) ?? [];
  const copies = Array.from({ length: Number(times) - 1 }, (_, index) =>
    counting === undefined
      ? lastLine
      : lastLine.replace(/[0-9.]{7,}/, (ip) => {
          const address = parseAddress(ip);
          return address === undefined ? ip : formatAddress({ ...address, value: address.value + BigInt(index + 1) });
        }),
  );
  return text + copies.join("");
}

function filesOf(info: string, manifests: string): ManifestFile[] {
  const text = `${manifests}\n`;
  if (info === "problem") return [{ path: "example.yaml", blobId: "", problem: manifests as FileProblem }];
  if (info === "paths") return [...manifests.matchAll(/: (\S+)/g)].map(([, path = ""]) => file(path, ""));
  if (info === "yaml escaped") return [file("example.yaml", unescapeBytes(text))];
  return [file("example.yaml", repeatLastLine(text, info))];
}

function readExample(info: string, manifests: string): Reading {
  const alone = info === "yaml alone" || /^(?: {2}| {6})name: default(?:\\r)?$/m.test(manifests);
  const files = filesOf(info, manifests);
  return readManifests(alone ? files : [file("default.yaml", group("192.168.1.100")), ...files]);
}

async function viewOf(inventory: string, count: number): Promise<View> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "inventory-"));
  const path = join(folder.path, "inventory.yaml");
  await writeFile(path, inventory);
  const view = await readInventory(path);
  const more = Array.from({ length: count - 1 }, (_, i) => likeFirst(view.nodes[0] as NodeView, i + 1));
  return { ...view, nodes: [...view.nodes, ...more] };
}

/** The next but so many: by name and address. */
function likeFirst(node: NodeView, further: number): NodeView {
  const name = node.name.replace(/\d+$/, (digits) => String(Number(digits) + further).padStart(digits.length, "0"));
  const internalIPs = node.internalIPs.map((ip) => {
    const address = parseAddress(ip) as NonNullable<ReturnType<typeof parseAddress>>;
    return formatAddress({ ...address, value: address.value + BigInt(further) });
  });
  return { ...node, name, internalIPs };
}

function planOf({ intent }: Reading, view: View, previous: Previous) {
  if (intent === undefined) throw new Error("an example with an inventory declares something");
  return plan(intent, view, previous);
}

async function printed({ info, manifests, before, inventory, nodes }: Example): Promise<string> {
  const reading = readExample(info, manifests);
  let { findings } = judge(reading);
  if (inventory !== undefined) {
    const view = await viewOf(inventory, nodes);
    const previous =
      before === undefined ? nothingBefore : planOf(readExample("yaml", before), view, nothingBefore).next;
    findings = mergeFindings(reading, planOf(reading, view, previous).findings);
  }
  const shown = info.includes("last line") ? findings.slice(-1) : findings;
  return shown.map(print).join("\n");
}

const examples = sections.flatMap((section) => section.examples);

describe("docs/findings.md", () => {
  test.each(examples)("$code: the example prints what the page says", async (example) => {
    expect(await printed(example)).toBe(example.printed);
    expect(example.printed).toContain(`: ${example.severity}: `);
    expect(example.printed).toMatch(new RegExp(`\\(${example.code}\\)$`, "m"));
    expect(example.printed.match(/^\S+:\d+:\d+: /gm)).toHaveLength(1);
  });

  test("explains every code there is, with an example, and no other", () => {
    expect(sections.map(({ code }) => code).toSorted()).toEqual(Object.keys(CODES).toSorted());
    expect(sections.filter((section) => section.examples.length === 0).map(({ code }) => code)).toEqual([]);
    expect(page.match(/^```text$/gm)).toHaveLength(examples.length);
  });

  test.each(sections)("$code: begins as SARIF explains it", ({ code, text }) => {
    expect(text.startsWith(CODES[code as Code])).toBe(true);
  });
});
