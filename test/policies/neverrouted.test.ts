import { expect, test } from "vitest";
import { WORDS } from "../../nodeagent/skeleton/words.ts";
import { formatPrefix, type Prefix, parseCidr } from "../../policies/addresses.ts";
import { NEVER_ROUTED, neverRouted } from "../../policies/neverrouted.ts";

test("what is never routed for the planner is never routed for the agents", () => {
  const agents = [...WORDS[4].neverRouted, ...WORDS[6].neverRouted];
  expect(NEVER_ROUTED.map(({ prefix }) => formatPrefix(prefix))).toEqual(agents);
});

test.each([
  ["169.254.0.0/16", "is link-local"],
  ["169.254.169.254/32", "is link-local"],
  ["169.254.0.0/15", undefined],
  ["224.0.0.0/3", undefined],
  ["239.0.0.0/8", "is multicast"],
  ["240.0.0.0/4", undefined],
  ["fe80::/64", "is link-local"],
  ["fec0::/10", undefined],
  ["ff02::1/128", "is multicast"],
  ["::/0", undefined],
])("%s %s", (cidr, what) => {
  expect(neverRouted(parseCidr(cidr) as Prefix)?.what).toBe(what);
});
