import type { Position } from "../../findings.ts";

/** file:line:column, as in compilers' messages. */
export function placeText({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
