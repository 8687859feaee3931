const MAX_QUOTED = 80;
const MAX_LINE = 400;

/**
 * Text of a manifest inside a message: in quotes, on one line, not longer than a person reads, and without characters
 * that a terminal obeys or hides.
 */
export function quote(text: string): string {
  return tame(JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text));
}

/** One line for a terminal, of text that may repeat what a manifest holds. */
export function tame(text: string): string {
  return text.slice(0, MAX_LINE).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

/** The same without quotes where the text is a plain word. */
export function show(text: string): string {
  return text.length <= MAX_QUOTED && /^[\x21-\x7e]+$/.test(text) ? text : quote(text);
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
