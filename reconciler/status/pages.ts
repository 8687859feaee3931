/** All files of the status branch. Pure: equal input gives equal bytes, and nothing changes with time alone. */
import { allowlistPages } from "./allowlist.ts";
import type { StatusInput } from "./input.ts";
import { objectPages } from "./objects.ts";
import { readmePage } from "./readme.ts";
import { statePage, statePath } from "./state.ts";

/** By path, sorted. */
export function statusPages(input: StatusInput): ReadonlyMap<string, string> {
  const { cluster, applied, plan } = input;
  const pages: [string, string][] = [
    ["README.md", readmePage(input)],
    [statePath, statePage({ cluster, applied: applied?.oid ?? null, previous: plan.next })],
    ...allowlistPages(input),
    ...objectPages(input),
  ];
  return new Map(pages.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
