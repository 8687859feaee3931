// Nodes whose tables are those of an agent that knew IPv4 only (ipv4-only/, listed from one), with pods that never stop
// sending: port 9 from a new source port every millisecond, port 10 from one and the same.
import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "./private.ts";

interface Steps {
  readonly connectionBegins: string;
  readonly old: object;
  readonly outcomes: readonly string[];
  readonly changes: readonly (readonly string[])[];
  readonly upgraded: object;
  readonly dual: object;
  readonly connectionGoesOn: string;
}

const from = (source: string) => [`${source} to 10`, `${source} to 9`];

describe("an agent that knows IPv6 takes over from one that did not", () => {
  let steps: Steps;
  beforeAll(async () => {
    steps = await runInside("upgrade.inside.ts", 60_000);
  }, 60_000);

  test("the tables are replaced behind the curtain", () => {
    expect(steps.outcomes).toEqual(["converged", "converged"]);
    for (const changes of steps.changes) {
      expect(changes).toContain("raised the curtain while the main table is replaced");
      expect(changes).toContain("installed table inet sallyport: it is of another version");
      expect(changes.at(-1)).toBe("lowered the curtain");
    }
  });

  test("not one packet of a selected pod leaves with another address meanwhile, and connections go on", () => {
    expect(steps.old).toEqual({ IPv4: from("192.168.1.100"), IPv6: from("fd00:1::1") });
    expect(steps.upgraded).toEqual(steps.old);
    expect([steps.connectionBegins, steps.connectionGoesOn]).toEqual(["192.168.1.100", "192.168.1.100"]);
  });

  test("then IPv6 policies are taken up, and IPv4 does not notice", () => {
    expect(steps.dual).toEqual({ IPv4: from("192.168.1.100"), IPv6: from("fd00:1::100") });
  });
});
