/** A report in aligned columns for a terminal or a log; coloured only where the stream is a terminal. */
import { styleText } from "node:util";
import { tame } from "../../policies/manifests/quote.ts";
import type { Column, Report, Section, Tone } from "./report.ts";

const TONES = { good: "green", bad: "red", neutral: "bold" } as const satisfies Record<Tone, string>;
type Style = (typeof TONES)[Tone] | "dim";

/** Ends with a line break. */
export function textReport({ context, headline, tone, sections, footer }: Report, stream: NodeJS.WriteStream): string {
  const paint = (style: Style, text: string) => styleText(style, text, { stream, validateStream: true });
  const about = context.map((spans) => paint("dim", spans.map((span) => tame(textOf(span))).join("")));
  const blocks = [
    ...(about.length === 0 ? [] : [about]),
    [paint(TONES[tone], tame(headline))],
    ...sections.map((section) => sectionLines(section, paint)),
    ...(footer === "" ? [] : [[paint("dim", tame(footer))]]),
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function textOf(span: Report["context"][number][number]): string {
  return typeof span === "string" ? span : span.name;
}

function sectionLines(
  { title, note, columns, rows }: Section,
  paint: (style: Style, text: string) => string,
): string[] {
  const [header, ...lines] = alignColumns(columns, rows);
  return [
    paint("bold", title) + (note === undefined ? "" : `  ${tame(note)}`),
    ...(header === undefined || rows.length === 0 ? [] : [paint("dim", `  ${header}`)]),
    ...lines.map((line) => `  ${line}`),
  ];
}

/** Header and rows; numbers to the right. */
function alignColumns(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const table = [columns.map(({ title }) => title.toUpperCase()), ...rows.map((row) => row.map(tame))];
  const widths = columns.map((_, i) => table.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), 0));
  const pad = (cell: string, i: number) =>
    columns[i]?.kind === "number" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return table.map((row) => row.map(pad).join("  ").trimEnd());
}
