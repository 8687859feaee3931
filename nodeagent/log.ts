/** Log lines as JSON on standard output, one for each decision, with its reason. */
import { pino } from "pino";

export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export function createLog(node: string): Log {
  return pino({ base: { node }, timestamp: pino.stdTimeFunctions.isoTime });
}
