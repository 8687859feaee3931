// Which source addresses a pod may have had: declared red→A at the start, then B, then no policy
import { expect, test } from "vitest";
import { createHistory } from "./history.ts";
import { type Declaration, FIRST_DECLARATION } from "./manifests.ts";

const [A, B, C] = ["192.168.1.101", "192.168.1.102", "192.168.1.103"] as const;
const green = (ip?: string): Declaration => ({
  ...FIRST_DECLARATION,
  addresses: ip === undefined ? {} : { green: ip },
});

function played() {
  const history = createHistory(green(A));
  history.push(green(B), 100).applied(200);
  history.push(green(C), 300);
  history.push(green(), 400).applied(500);
  return history;
}

test.each([
  ["before anything changed", 0, 99, [A]],
  ["from the push on, both", 0, 100, [A, B]],
  ["until all nodes have confirmed, both", 150, 160, [A, B]],
  ["afterwards the new one alone", 201, 250, [B]],
  ["of one that was never confirmed, as of the next", 201, 350, [B, C]],
  ["a policy that goes", 450, 460, [B, C, "node"]],
  ["that is gone", 501, 900, ["node"]],
] as const)("%s", (_when, from, to, expected) => {
  expect([...played().allowed("green", from, to)]).toEqual(expected);
});

test("pods that no policy selects have their node's address at all times", () => {
  expect([...played().allowed("unselected", 0, 900)]).toEqual(["node"]);
});
