import { readFileSync } from "node:fs";

/** The version of the clone or package this file belongs to. */
export function packageVersion(): string {
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      // The other place: built files lie one folder deeper.
    }
  }
  throw new Error("package.json is missing");
}
