/** Small replacements in a text, and the way back from the places of the new text to those of the old. */

export interface Edit {
  readonly offset: number;
  readonly length: number;
  readonly replacement: string;
}

/** The edits do not overlap and are sorted by offset. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  for (const { offset, length, replacement } of edits) {
    result += text.slice(done, offset) + replacement;
    done = offset + length;
  }
  return result + text.slice(done);
}

/** Where in the old text the character at this offset of the new text came from; within a replacement, its beginning. */
export function originalOffset(edits: readonly Edit[], newOffset: number): number {
  let shift = 0;
  for (const { offset, length, replacement } of edits) {
    const start = offset + shift;
    if (newOffset < start) break;
    if (newOffset < start + replacement.length) return offset + Math.min(newOffset - start, length);
    shift += replacement.length - length;
  }
  return newOffset - shift;
}
