import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../../policies/findings.ts";
import { CODES } from "../../../policies/manifests/codes.ts";
import type { FileProblem, ManifestFile } from "../../../policies/manifests/file.ts";
import { readManifests } from "../../../policies/manifests/read.ts";
import { file, group } from "./files.ts";

// docs/findings.md is the specification of this test: every example there is read, and must say what is printed below it.

interface Section {
  readonly code: string;
  readonly severity: string;
  readonly info: string;
  readonly example: string;
  readonly printed: string;
}

const SECTION =
  /^### `([a-z0-9-]+)`\n\n\*\*(\w+)\*\* – [^#]*?\n```([^\n]*)\n([\s\S]*?)\n```\n\n```text\n([\s\S]*?)\n```$/gm;

const page = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");
const sections: Section[] = [...page.matchAll(SECTION)].map(
  ([, code = "", severity = "", info = "", example = "", printed = ""]) => ({ code, severity, info, example, printed }),
);

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

function filesOf({ info, example }: Section): ManifestFile[] {
  const text = `${example}\n`;
  if (info === "problem") return [{ path: "example.yaml", blobId: "", problem: example as FileProblem }];
  if (info === "paths") return [...example.matchAll(/: (\S+)/g)].map(([, path = ""]) => file(path, ""));
  if (info === "yaml escaped") return [file("example.yaml", unescapeBytes(text))];
  const times = Number(/last line (\d+) times/.exec(info)?.[1] ?? 1);
  const [lastLine = ""] = /[^\n]*\n$/.exec(text) ?? [];
  return [file("example.yaml", text + lastLine.repeat(times - 1))];
}

function printed(section: Section): string {
  const alone = section.info === "yaml alone" || /^ {2}name: default(?:\\r)?$/m.test(section.example);
  const files = alone ? filesOf(section) : [file("default.yaml", group("192.168.1.100")), ...filesOf(section)];
  const { findings } = readManifests(files);
  const shown = section.info.includes("last line") ? findings.slice(-1) : findings;
  return shown.map(print).join("\n");
}

describe("docs/findings.md", () => {
  test.each(sections)("$code: the example prints what the page says", (section) => {
    expect(printed(section)).toBe(section.printed);
    expect(section.printed).toContain(`: ${section.severity}: `);
    expect(section.printed).toMatch(new RegExp(`\\(${section.code}\\)$`, "m"));
    expect(section.printed.match(/^\S+:\d+:\d+: /gm)).toHaveLength(1);
  });

  test("explains every code there is, and no other", () => {
    expect(sections.map(({ code }) => code).toSorted()).toEqual([...CODES].toSorted());
  });
});
