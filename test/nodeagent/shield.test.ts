import { describe, expect, test } from "vitest";
import { meet, type Shielded } from "../../nodeagent/shield/shielded.ts";

const shielded = (fields: Partial<Shielded>): Shielded => ({
  podCIDRs: ["10.10.0.0/16"],
  noEgressCIDRs: ["10.96.0.0/12"],
  destinations: ["198.51.100.0/24"],
  ids: [1],
  ...fields,
});

describe("while the main table goes from one state to the next, the shield drops nothing that is no longer judged", () => {
  test.each<[string, Partial<Shielded>, Partial<Shielded>, Partial<Shielded>]>([
    ["a destination comes", {}, { destinations: ["192.0.2.0/24", "198.51.100.0/24"] }, {}],
    ["a destination goes", { destinations: ["192.0.2.0/24", "198.51.100.0/24"] }, {}, {}],
    ["one is narrowed", {}, { destinations: ["198.51.100.0/25"] }, { destinations: [] }],
    ["all go", {}, { destinations: [] }, { destinations: [] }],
    ["an egress id goes", { ids: [1, 2] }, { ids: [2, 3] }, { ids: [2] }],
    [
      "a range is now inside the cluster",
      {},
      { noEgressCIDRs: ["10.96.0.0/12", "172.16.0.0/12"] },
      { noEgressCIDRs: ["10.96.0.0/12", "172.16.0.0/12"] },
    ],
    ["pod prefixes change", {}, { podCIDRs: ["10.20.0.0/16"] }, { podCIDRs: [] }],
  ])("%s", (_what, before, after, between) => {
    expect(meet(shielded(before), shielded(after))).toEqual(shielded(between));
  });

  test("where nothing changes, nothing is lowered", () => {
    expect(meet(shielded({}), shielded({}))).toEqual(shielded({}));
  });
});
