const MAX_QUOTED = 80;

/** Text of a manifest inside a message: in quotes, on one line, and not longer than a person reads. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
