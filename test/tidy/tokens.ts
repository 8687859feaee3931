/** The words, strings and marks of a TypeScript text, without its comments: enough to find imports and globals. */

export interface Token {
  readonly kind: "word" | "string" | "mark";
  /** A string's content, without its quotes. */
  readonly text: string;
  readonly line: number;
}

const patterns: readonly (readonly [Token["kind"] | "skip" | "regex" | "template", RegExp])[] = [
  ["skip", /\s+|\/\/[^\n]*|\/\*.*?\*\//sy],
  ["word", /[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*/uy],
  ["string", /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/sy],
  ["regex", /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y],
  ["template", /`/y],
  ["mark", /./sy],
];

/** After these a slash begins a regular expression; after any other word it divides. */
const wordsBeforeRegex = new Set(["return", "typeof", "case", "in", "of", "delete", "void", "yield", "await", "else"]);

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  /** Open braces at the start of each `${` that is not closed yet. */
  const substitutions: number[] = [];
  let braces = 0;
  let at = 0;
  let line = 1;
  const advance = (piece: string) => {
    at += piece.length;
    line += piece.split("\n").length - 1;
  };
  const skipTemplate = () => {
    const part = /(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{|$)/sy;
    part.lastIndex = at;
    const [piece = "", end] = part.exec(text) ?? [];
    advance(piece);
    if (end === "${") substitutions.push(braces);
  };
  while (at < text.length) {
    const [kind, piece] = nextPiece(text, at, tokens.at(-1));
    if (kind === "word" || kind === "mark") tokens.push({ kind, text: piece, line });
    if (kind === "string") tokens.push({ kind, text: piece.slice(1, -1), line });
    if (kind === "regex") tokens.push({ kind: "mark", text: ")", line });
    advance(piece);
    if (kind === "template") {
      tokens.push({ kind: "string", text: "`", line });
      skipTemplate();
    }
    if (kind !== "mark") continue;
    if (piece === "{") braces++;
    if (piece !== "}") continue;
    if (substitutions.at(-1) !== braces) braces--;
    else {
      substitutions.pop();
      skipTemplate();
    }
  }
  return tokens;
}

function nextPiece(
  text: string,
  at: number,
  before: Token | undefined,
): readonly [(typeof patterns)[number][0], string] {
  for (const [kind, pattern] of patterns) {
    if (kind === "regex" && !mayBeginRegex(before)) continue;
    pattern.lastIndex = at;
    const piece = pattern.exec(text)?.[0];
    if (piece !== undefined) return [kind, piece];
  }
  return ["mark", text.slice(at, at + 1)];
}

function mayBeginRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return wordsBeforeRegex.has(before.text);
  return before.kind === "mark" && ![")", "]", "}"].includes(before.text);
}
