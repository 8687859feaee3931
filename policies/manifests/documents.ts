/**
 * Cuts a file into its documents before it is parsed, so that a broken one does not hide the others. A line that begins
 * with `---` ends whatever came before, in every context of YAML 1.2 (rule c-forbidden), so this needs no parser.
 */

export interface DocumentText {
  readonly text: string;
  /** Where it begins in the file. */
  readonly start: number;
}

/** Directives (`%YAML`, `%TAG`) stand before the marker of their document: a file that has any stays in one piece. */
export function cutDocuments(text: string): DocumentText[] {
  if (text.includes("%") && /(?:^|[\r\n])%/.test(text)) return [{ text, start: 0 }];
  if (!text.includes("\n---") && !text.includes("\r---")) return [{ text, start: 0 }];
  const starts = [0];
  for (const { index } of text.matchAll(/[\r\n]---(?=[ \t\r\n]|$)/g)) starts.push(index + 1);
  return starts.map((start, index) => ({ text: text.slice(start, starts[index + 1]), start }));
}
