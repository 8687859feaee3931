/** Which folder may import what, and what the pure core may not touch. */
import { posix } from "node:path";
import { type Token, tokenize } from "./tokens.ts";

interface Import {
  /** As written; null when it is computed. */
  readonly from: string | null;
  readonly typeOnly: boolean;
  readonly line: number;
}

function importsOf(tokens: readonly Token[]): Import[] {
  const imports: Import[] = [];
  let typeOnly = false;
  tokens.forEach(({ kind, text, line }, i) => {
    if (kind !== "word" || isMember(tokens, i)) return;
    const [next, afterNext] = tokens.slice(i + 1, i + 3);
    if (text === "import" || text === "export") typeOnly = next?.text === "type" && afterNext?.text !== "from";
    if (text === "from" && next?.kind === "string") imports.push({ from: next.text, typeOnly, line });
    if (text !== "import") return;
    if (next?.kind === "string") imports.push({ from: next.text, typeOnly: false, line });
    if (next?.text !== "(") return;
    const isLiteral = afterNext?.kind === "string" && afterNext.text !== "`";
    imports.push({ from: isLiteral ? afterNext.text : null, typeOnly: false, line });
  });
  return imports;
}

/** Packages that compute and do nothing else. */
const purePackages = ["js-yaml", "zod"];

/** Folder → what its files may import by a relative path, besides the folder itself. */
const borders: Readonly<Record<string, readonly string[]>> = {
  policies: [],
  nodeagent: [],
  // The reconciler may be a witness itself.
  reconciler: ["policies/", "nodeagent/lease/"],
  hooks: ["policies/", "reconciler/source/"],
  cli: ["policies/", "reconciler/", "nodeagent/", "hooks/", "test/"],
  test: ["policies/", "reconciler/", "nodeagent/", "hooks/", "cli/"],
};

/** The lease machine too: what runs on the nodes is what is simulated. */
const pureFolders = ["policies/", "nodeagent/lease/"];

const impure = [
  "Date",
  "performance",
  "process",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
];
const forbiddenGlobals = new Set([...impure, "console", "globalThis", "crypto", "eval", "Function", "require"]);
/** Members whose answer depends on chance or on the machine's language. */
const forbiddenMembers = new Set([
  "random",
  "localeCompare",
  "toLocaleString",
  "toLocaleLowerCase",
  "toLocaleUpperCase",
]);

/** One line for each violation, as file:line: what. `path` is relative to the root of the repository. */
export function violations(path: string, text: string): string[] {
  const tokens = tokenize(text);
  const found = importsOf(tokens).flatMap((one) => importViolation(path, one) ?? []);
  if (pureFolders.some((folder) => path.startsWith(folder))) found.push(...purityViolations(tokens));
  return found.map(({ line, what }) => `${path}:${line}: ${what}`);
}

interface Violation {
  readonly line: number;
  readonly what: string;
}

function importViolation(path: string, { from, typeOnly, line }: Import): Violation | undefined {
  const folder = path.slice(0, path.indexOf("/"));
  if (from === null) return folder === "policies" ? { line, what: "imports what is computed" } : undefined;
  if (!from.startsWith(".")) {
    const allowed = folder !== "policies" || purePackages.includes(from);
    return allowed ? undefined : { line, what: `imports ${from}` };
  }
  const target = posix.join(posix.dirname(path), from);
  const isAgentsType = folder === "nodeagent" && typeOnly && target === "policies/nodestate.ts";
  if (isAgentsType || target.startsWith(`${folder}/`) || target === "package.json") return undefined;
  const allowed = borders[folder]?.some((other) => target.startsWith(other)) ?? false;
  return allowed ? undefined : { line, what: `imports ${target}` };
}

function purityViolations(tokens: readonly Token[]): Violation[] {
  return tokens.flatMap(({ kind, text, line }, i) => {
    if (kind !== "word") return [];
    if (text === "import" && tokens[i + 1]?.text === ".") return [{ line, what: "uses import.meta" }];
    const forbidden = isMember(tokens, i) ? forbiddenMembers.has(text) : forbiddenGlobals.has(text);
    return forbidden ? [{ line, what: `uses ${text}` }] : [];
  });
}

function isMember(tokens: readonly Token[], i: number): boolean {
  return tokens[i - 1]?.text === "." && tokens[i - 2]?.text !== ".";
}
