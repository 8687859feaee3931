/** Runs the YAML parser over one document's text and says in our words what stopped it. */
import { parseEvents, YAMLException } from "js-yaml";
import { nameCharacter } from "./characters.ts";
import { MAX_DEPTH } from "./limits.ts";
import type { TextProblem } from "./text.ts";
import { buildTrees, type Tree } from "./tree.ts";

export type Parsed = { readonly trees: readonly Tree[] } | { readonly problem: TextProblem };

/** All documents of the text, or the place where it stops being YAML. */
export function parseYaml(text: string): Parsed {
  try {
    return { trees: buildTrees(text, parseEvents(text, { maxDepth: MAX_DEPTH })) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { problem: explain(error.reason, error.mark?.position ?? 0, text) };
  }
}

function explain(reason: string, position: number, text: string): TextProblem {
  const offset = Math.min(position, text.length);
  if (reason.startsWith("nesting exceeded")) {
    const message = `the document is nested deeper than ${MAX_DEPTH} levels`;
    return { code: "too-deep", offset, message, fix: "flatten it" };
  }
  if (reason.includes("non-printable")) {
    const message = `the character ${nameCharacter(text.charAt(offset))} cannot stand in YAML`;
    return { code: "control-character", offset, message, fix: "delete it" };
  }
  if (lineAt(text, offset).includes("{{")) {
    const message = "this is a template, not YAML";
    return { code: "yaml", offset, message, fix: "put what the template gives into the tree" };
  }
  const tab = tabInIndentation(text, offset);
  if (tab !== undefined) {
    const message = "a tab (U+0009) stands in the indentation; YAML allows only spaces there";
    return { code: "tab", offset: tab, message, fix: "indent with spaces" };
  }
  return { code: "yaml", offset, message: `this is not YAML: ${reason}`, fix: hint(reason) };
}

function lineAt(text: string, offset: number): string {
  return /^[^\r\n]{0,500}/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))?.[0] ?? "";
}

/** The tab that begins the line of the offset, or the line before it: the parser notices some only then. */
function tabInIndentation(text: string, offset: number): number | undefined {
  let lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  for (let lines = 0; lines < 2; lines++) {
    const indentation = /^[ \t]*/.exec(text.slice(lineStart, lineStart + 200))?.[0] ?? "";
    const tab = indentation.indexOf("\t");
    if (tab >= 0) return lineStart + tab;
    if (lineStart === 0) return undefined;
    lineStart = text.lastIndexOf("\n", lineStart - 2) + 1;
  }
  return undefined;
}

function hint(reason: string): string {
  if (reason.includes("multiline key") || reason.includes("expected ':'"))
    return "a key before this place has no colon behind it";
  if (reason === "deficient indentation") return "close the bracket, brace or quote that is still open here";
  if (reason.includes("indentation"))
    return "line it up with its siblings, or check the line above for a missing colon or quote";
  if (reason.includes("quoted scalar")) return "close the quotes";
  if (reason.includes("flow collection")) return "close the bracket or brace";
  return "correct it here or just before";
}
