/** What becomes of a policy's traffic while no node holds its address: held, or, where the policy asks for it, not. */
import { describe, expect, test } from "vitest";
import { effect } from "../../policies/effect/effect.ts";
import { explain } from "../../policies/explain/explain.ts";
import type { FailureMode } from "../../policies/intent.ts";
import { nothingBefore, type Plan, plan } from "../../policies/plan.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, pod, policy, view, worker } from "./builders.ts";

// node worker1 192.168.1.1 · floating IPs 192.168.1.100 (strict) and 101 (lax) · pod web/a selected by both
const declare = (lax: FailureMode = "nodeIP") =>
  intent(
    [group("default", "192.168.1.100", "192.168.1.101"), group("g", "192.168.1.101")],
    [
      policy("lax", { to: ["9.9.9.0/24", "8.8.0.0/16"], via: "g", onGatewayFailure: lax }),
      policy("strict", { to: ["8.8.8.0/24"] }),
    ],
  );
const pods = [pod("web/a", "10.10.1.5")];
const well = view([worker(1)], pods);
const down = view([worker(1, { ready: false })], pods);
const healthy = plan(declare(), well, nothingBefore);
const lost = (...ips: string[]) => plan(declare(), well, { ...healthy.next, lost: ips });

const rulesOf = ({ nodes: [state] }: Plan) =>
  state?.classes.flatMap(({ rules }) =>
    rules.map(({ cidr, policy: name, nodeIP }) => `${cidr} ${name} ${nodeIP ?? "-"}`),
  );
const conditionOf = ({ policies }: Plan, name: string) => {
  const { state, node, ready } = policies.find((one) => one.name === name) ?? {};
  return `${state} ${node} ${ready?.status} ${ready?.reason}: ${ready?.message}`;
};

test("while a node holds the address the mode makes no difference", () => {
  expect(rulesOf(healthy)).toEqual(["8.8.8.0/24 strict -", "9.9.9.0/24 lax -", "8.8.0.0/16 lax -"]);
  expect(plan(declare("drop"), well, nothingBefore).nodes).toEqual(healthy.nodes);
  expect(conditionOf(healthy, "lax")).toBe(
    "active worker1 True Allocated: traffic leaves as 192.168.1.101 from worker1",
  );
});

const CASES: readonly (readonly [string, Plan, string])[] = [
  [
    "no node is fit",
    plan(declare(), down, healthy.next),
    "NoFitNode: %: no node is fit to hold IP: worker1 is not Ready",
  ],
  [
    "no node holds it",
    lost("192.168.1.100", "192.168.1.101"),
    "GatewayLost: %: no node holds IP, which worker1 was to take",
  ],
];

describe.each(CASES)("%s", (_what, result, says) => {
  const condition = (ip: string, meanwhile: string) => `False ${says.replace("IP", ip).replace("%", meanwhile)}`;

  test("drop: traffic is held, and status says so", () => {
    expect(conditionOf(result, "strict")).toBe(`held null ${condition("192.168.1.100", "traffic is held")}`);
  });

  test("nodeIP: traffic leaves with the node's address, and status says so", () => {
    const meanwhile = "traffic leaves with node addresses (on-gateway-failure: nodeIP)";
    expect(conditionOf(result, "lax")).toBe(`nodeIP null ${condition("192.168.1.101", meanwhile)}`);
  });

  test("only rules of the policy that asks for it are marked", () => {
    expect(rulesOf(result)).toEqual(["8.8.8.0/24 strict -", "9.9.9.0/24 lax true", "8.8.0.0/16 lax true"]);
  });

  test("the group's status does not say that the address is on a node", () => {
    expect(result.groups[0]).toMatchObject({ floatingIPs: {}, ready: { status: "False" } });
  });

  test("explain says by which mode", () => {
    const ask = (destination: string) =>
      explain(declare(), well, result, { pod: { namespace: "web", name: "a" }, destination });
    expect(ask("8.8.8.8")).toMatchObject({ verdict: "held", onGatewayFailure: "drop", sourceIP: null });
    expect(ask("9.9.9.9")).toMatchObject({ verdict: "nodeIP", onGatewayFailure: "nodeIP", sourceIP: null });
  });

  test("when the address is held again all is as it was", () => {
    const again = plan(declare(), well, { ...result.next, lost: [] });
    expect(again.nodes).toEqual(healthy.nodes);
    expect(again.next).toEqual(healthy.next);
  });
});

test("only the lost address counts", () => {
  expect(rulesOf(lost("192.168.1.100"))).toEqual(rulesOf(healthy));
  expect(conditionOf(lost("192.168.1.100"), "lax")).toBe(conditionOf(healthy, "lax"));
});

test("an address that is lost and then declared no longer, or without a fit node, is not lost any more", () => {
  const { next } = lost("192.168.1.101");
  expect(next.lost).toEqual(["192.168.1.101"]);
  expect(plan(declare(), down, next).next.lost).toEqual([]);
  expect(plan(intent([group("default", "192.168.1.100")], []), well, next).next.lost).toEqual([]);
});

test("two policies with one address may want different things", () => {
  const shared = intent(
    [group("default", "192.168.1.100"), group("g", "192.168.1.100")],
    [policy("lax", { to: ["9.9.9.0/24"], via: "g", onGatewayFailure: "nodeIP" }), policy("strict")],
  );
  expect(rulesOf(plan(shared, down, nothingBefore))).toEqual(["8.8.8.0/24 strict -", "9.9.9.0/24 lax true"]);
});

describe("the effect of a change", () => {
  const effectOf = (from: FailureMode, to: FailureMode, then: View) => {
    const before = { intent: declare(from), view: then, plan: plan(declare(from), then, nothingBefore) };
    return effect(before, { intent: declare(to), view: then, plan: plan(declare(to), then, before.plan.next) });
  };

  test("is told for the policy although no traffic changes while all is well", () => {
    expect(effectOf("drop", "nodeIP", well)).toMatchObject({
      policies: [
        {
          name: "lax",
          before: "active",
          after: "active",
          reason: "policy lax leaves with node addresses from now on while no node holds its address",
          onGatewayFailure: { before: "drop", after: "nodeIP" },
        },
      ],
      pods: [],
      nodes: [],
    });
    expect(effectOf("nodeIP", "drop", well).policies[0]?.reason).toBe(
      "policy lax is held from now on while no node holds its address",
    );
  });

  test("is told for pods where no node holds the address", () => {
    const { pods: changed, policies } = effectOf("drop", "nodeIP", down);
    expect(changed).toMatchObject([
      {
        name: "a",
        before: null,
        after: "192.168.1.1",
        policy: "lax",
        destinations: expect.arrayContaining(["9.9.9.0/24"]),
      },
    ]);
    expect(policies).toMatchObject([{ before: "held", after: "nodeIP" }]);
  });
});
