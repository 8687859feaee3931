/**
 * A report as a comment on a pull request. Names and messages come from strangers: none of them can become markup, a
 * link or a mention. Forges refuse long comments, so the longest lists are cut.
 */
import { escapeMarkdown, markdownTable } from "../../reconciler/status/markdown.ts";
import { type Column, counted, type Report, type Section, type Span } from "./report.ts";

/** GitHub: "Body is too long (maximum is 65536 characters)"; some are left for what is put around it. */
const MAX_CHARACTERS = 65_000;
/** Longer lists are folded. */
const MAX_OPEN_ROWS = 12;

const SIGNS = { good: "✅", bad: "❌", neutral: "🔀" } as const;

/** Ends with a line break. */
export function markdownReport(report: Report, maxCharacters = MAX_CHARACTERS): string {
  const sections = report.sections.map(prepareSection);
  const render = (maxRows: number) => page(report, sections, maxRows);
  const longest = Math.max(0, ...sections.map(({ rows }) => rows.length));
  if (lengthOf(report, sections, longest) <= maxCharacters) return render(longest);
  let [fits, tooLong] = [0, longest];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (lengthOf(report, sections, middle) <= maxCharacters) fits = middle;
    else tooLong = middle;
  }
  return render(fits);
}

interface Prepared {
  readonly title: string;
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function prepareSection({ title, note, columns, rows }: Section): Prepared {
  const cells = rows.map((row) => row.map((cell, i) => cellOf(cell, columns[i] as Column)));
  return {
    title: escapeMarkdown(title),
    note: note === undefined ? "" : escapeMarkdown(note),
    header: columns.map((column) => column.title),
    rows: cells,
  };
}

function cellOf(text: string, { kind }: Column): string {
  return kind === "name" ? codeMarkdown(text) : escapeMarkdown(text);
}

function page(
  { title, context, headline, tone, footer }: Report,
  sections: readonly Prepared[],
  maxRows: number,
): string {
  const about = context.map((spans) => spans.map(spanOf).join("")).join("<br>\n");
  const blocks = [
    `### ${escapeMarkdown(title)}`,
    `${SIGNS[tone]} **${escapeMarkdown(headline)}**`,
    ...sections.map((section) => sectionOf(section, maxRows)),
    ...(footer === "" ? [] : [escapeMarkdown(footer)]),
    ...(about === "" ? [] : [`<sub>${about}</sub>`]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function sectionOf({ title, note, header, rows }: Prepared, maxRows: number): string {
  const more = rows.length - maxRows;
  const table = markdownTable(header, rows.slice(0, maxRows)).trimEnd();
  const cut = more > 0 ? `${table === "" ? "" : "\n\n"}and ${counted(more, "more", "more")}` : "";
  const body = [note, table + cut].filter((part) => part !== "").join("\n\n");
  if (rows.length <= MAX_OPEN_ROWS) return `#### ${title}\n\n${body}`;
  const summary = `${title} (${counted(rows.length, "row")})`;
  return `<details>\n<summary><b>${summary}</b></summary>\n\n${body}\n\n</details>`;
}

/** Adds up what `page` would make, without making it. */
function lengthOf(report: Report, sections: readonly Prepared[], maxRows: number): number {
  const frame = page(report, sections, 0).length;
  return sections.reduce((sum, { header, rows }) => {
    const shown = rows.slice(0, maxRows);
    return shown.length === 0 ? sum : sum + markdownTable(header, shown).length;
  }, frame);
}

function spanOf(span: Span): string {
  if (typeof span !== "string") return codeMarkdown(span.name);
  const [, before, text, after] = /^( ?)(.*?)( ?)$/s.exec(span) ?? [];
  return `${before}${escapeMarkdown(text ?? "")}${after}`;
}

/** In the font of code: with backticks where nothing inside can end them. */
function codeMarkdown(text: string): string {
  if (text === "" || text === "-") return text;
  return /^[\w.:/,-]+( [\w.:/,-]+)*$/.test(text) ? `\`${text}\`` : `<code>${escapeMarkdown(text)}</code>`;
}
