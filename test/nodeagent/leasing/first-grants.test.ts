// An address nobody of us ever held: asked for before it is taken
import { expect, test } from "vitest";
import type { Conflict } from "../../../nodeagent/gate/conflicts.ts";
import { createFirstGrants } from "../../../nodeagent/leasing/first-grants.ts";

const IP = "192.168.1.100";

function world() {
  const asked: { readonly ips: readonly string[]; readonly answer: (mac: string | null) => Promise<void> }[] = [];
  let probed = 0;
  let nowMs = 0;
  const grants = createFirstGrants({
    probe: (ips) => {
      const { promise, resolve } = Promise.withResolvers<Conflict[]>();
      const answer = async (mac: string | null) => {
        resolve(mac === null ? [] : ips.map((ip) => ({ ip, mac, byGateway: false, sinceMs: 0 })));
        await promise;
        await Promise.resolve();
      };
      asked.push({ ips, answer });
      return promise;
    },
    onProbed: () => {
      probed += 1;
    },
    nowMs: () => nowMs,
  });
  return {
    grants,
    asked,
    probed: () => probed,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("is withheld until nobody has answered, and asked for once", async () => {
  const { grants, asked, probed } = world();
  expect([...grants.withheld([IP])]).toEqual([IP]);
  expect([...grants.withheld([IP])]).toEqual([IP]);
  expect(asked.map(({ ips }) => ips)).toEqual([[IP]]);
  await asked[0]?.answer(null);
  expect(probed()).toBe(1);
  expect([...grants.withheld([IP])]).toEqual([]);
  expect(grants.takeFindings()).toEqual([]);
});

test("that somebody uses is not taken, is reported, and asked for again after ten seconds", async () => {
  const { grants, asked, pass } = world();
  grants.withheld([IP]);
  await asked[0]?.answer("02:00:00:00:00:99");
  expect([...grants.withheld([IP])]).toEqual([IP]);
  expect(grants.takeFindings()).toEqual([`did not take ${IP}: it is in use by 02:00:00:00:00:99, for 0 s`]);
  expect(grants.takeFindings()).toEqual([]);
  pass(9_999);
  grants.withheld([IP]);
  expect(asked).toHaveLength(1);
  pass(1);
  grants.withheld([IP]);
  await asked[1]?.answer(null);
  expect([...grants.withheld([IP])]).toEqual([]);
});
