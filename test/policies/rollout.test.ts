import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeState } from "../../policies/nodestate.ts";
import { isOurs, kernelHolds, type NodeProgress, withReport } from "../../policies/progress.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";
import { Agent, Fleet } from "./fleet.ts";

// nodes 192.168.1.1–3 · floating IPs 192.168.1.100 and 101 · one pod on every node, selected by every policy
const ips = (...last: number[]) => last.map((n) => `192.168.1.${n}`);
const workers = [1, 2, 3];
const pods = workers.map((n) => pod(`web/pod${n}`, `10.10.${n}.5`, { node: `worker${n}` }));
const web = [namespace("web")];

const intents = [
  intent([group("default", ...ips(100, 101))], [policy("a")]),
  intent([group("default", ...ips(101))], [policy("a")]),
  intent(
    [group("default", ...ips(100, 101)), group("g", ...ips(101))],
    [policy("a"), policy("b", { via: "g", to: ["9.9.9.0/24"] })],
  ),
  intent([group("default", ...ips(101, 100))], [policy("a", { to: ["7.7.7.0/24"] })]),
  intent([group("default", ...ips(100))], []),
];
const fullView = view(
  workers.map((n) => worker(n)),
  pods,
  web,
);

type Step =
  | { do: "edit"; which: number }
  | { do: "ready" | "cordon" | "leave"; node: number; is: boolean }
  | { do: "deliver" | "report"; node: number }
  | { do: "apply"; node: number; part: "all" | "additions" | "removals" }
  | { do: "receive" | "lose" | "repeat"; index: number }
  | { do: "restart" | "settle" };

const node = fc.constantFrom(...workers);
const changesOfTheWorld: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("edit" as const), which: fc.nat(intents.length - 1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ready" as const), node, is: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cordon" as const), node, is: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), node, is: fc.boolean() }) },
);
const part = fc.constantFrom("all" as const, "additions" as const, "removals" as const);
const agentsAtWork: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("deliver" as const, "report" as const), node }),
  fc.record({ do: fc.constant("apply" as const), node, part }),
);
const inOrder = fc.record({ do: fc.constant("receive" as const), index: fc.constant(0) });
const outOfOrder = fc.record({
  do: fc.constantFrom("receive" as const, "lose" as const, "repeat" as const),
  index: fc.nat(5),
});
const restarts: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "settle" as const }) },
);
/** What happens most of the time: a node gets its signal, applies it and reports. */
const roundTrip = node.map((n): Step[] => [
  { do: "deliver", node: n },
  { do: "apply", node: n, part: "all" },
  { do: "report", node: n },
  { do: "receive", index: 0 },
]);

const historyWith = (receive: fc.Arbitrary<Step>) =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: changesOfTheWorld.map((step) => [step]) },
        { weight: 6, arbitrary: agentsAtWork.map((step) => [step]) },
        { weight: 5, arbitrary: receive.map((step) => [step]) },
        { weight: 1, arbitrary: restarts.map((step) => [step]) },
        { weight: 4, arbitrary: roundTrip },
      ),
      { minLength: 20, maxLength: 120, size: "max" },
    )
    .map((steps): Step[] => [{ do: "settle" }, ...steps.flat()]);
const history = historyWith(outOfOrder);

function take(fleet: Fleet, step: Step): void {
  const name = "node" in step ? `worker${step.node}` : "";
  if (step.do === "edit") edit(fleet, step.which);
  else if (step.do === "ready") see(fleet, step.node, { ready: step.is });
  else if (step.do === "cordon") see(fleet, step.node, { unschedulable: step.is });
  else if (step.do === "leave") leaveOrReturn(fleet, step.node, step.is);
  else if (step.do === "deliver") fleet.deliver(name);
  else if (step.do === "apply") fleet.agents.get(name)?.apply(step.part);
  else if (step.do === "report") fleet.sendReport(name);
  else if (step.do === "receive") fleet.receiveReport(step.index);
  else if (step.do === "lose") fleet.reportsUnderWay.splice(step.index, 1);
  else if (step.do === "repeat") fleet.repeatReport(step.index);
  else if (step.do === "settle") fleet.settleDown();
  else fleet.restart();
}

function edit(fleet: Fleet, which: number): void {
  fleet.intent = intents[which] ?? fleet.intent;
  fleet.reconcile();
}

function see(fleet: Fleet, number: number, fields: Partial<View["nodes"][number]>): void {
  const nodes = fleet.view.nodes.map((one) => (one.name === `worker${number}` ? { ...one, ...fields } : one));
  fleet.view = { ...fleet.view, nodes };
  fleet.reconcile();
}

function leaveOrReturn(fleet: Fleet, number: number, leaves: boolean): void {
  const others = fleet.view.nodes.filter(({ name }) => name !== `worker${number}`);
  const isThere = others.length < fleet.view.nodes.length;
  if (isThere !== leaves) return;
  fleet.view = { ...fleet.view, nodes: leaves ? others : [...others, worker(number)] };
  fleet.seeNodes();
  fleet.reconcile();
}

describe("whatever is lost, late, repeated or restarted", () => {
  const run = (steps: readonly Step[]) => {
    const fleet = new Fleet(intents[0] as (typeof intents)[number], fullView);
    for (const step of steps) {
      take(fleet, step);
      expect(fleet.contested()).toEqual([]);
    }
    return fleet;
  };

  test("no address has two holders, and once reports flow the nodes are what the plan says", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const fleet = run(steps);
        expect(fleet.settleDown(), fleet.stage.waiting.join("\n")).toBe(true);
        expect(fleet.contested()).toEqual([]);
        for (const state of fleet.plan.nodes) {
          const agent = fleet.agents.get(state.node);
          expect([...(agent?.held ?? [])].sort()).toEqual(state.held.map(({ ip }) => ip).sort());
          expect([...(agent?.gateways.keys() ?? [])].sort()).toEqual(state.gateways.map(({ id }) => id).sort());
        }
        fleet.reconcile();
        expect(fleet.plan.changes).toEqual([]);
        expect(fleet.stage.done).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a restart after the plan is done tells no node anything new", () => {
    fc.assert(
      fc.property(history, fc.shuffledSubarray(workers, { minLength: workers.length }), (steps, order) => {
        const fleet = run(steps);
        fleet.settleDown();
        const before = new Map(fleet.stage.states.map((state) => [state.node, JSON.stringify(state)]));
        fleet.restart();
        for (const number of order) {
          fleet.sendReport(`worker${number}`);
          fleet.receiveReport(0);
          for (const state of fleet.stage.states) expect(JSON.stringify(state)).toBe(before.get(state.node));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("no source is told of a gateway that does not hold the address yet", () => {
    fc.assert(
      fc.property(historyWith(inOrder), (steps) => {
        const fleet = new Fleet(intents[0] as (typeof intents)[number], fullView);
        for (const step of steps.filter((one) => one.do !== "leave")) {
          take(fleet, step);
          expect(redirectsTooEarly(fleet)).toEqual([]);
        }
      }),
      { numRuns: 700 },
    );
  });
});

describe("192.168.1.100 is not given to another node", () => {
  const settled = () => {
    const fleet = new Fleet(intents[4] as (typeof intents)[number], fullView);
    fleet.settleDown();
    expect(fleet.plan.allocations[0]?.node).toBe("worker1");
    return fleet;
  };
  const roundTripOf = (fleet: Fleet, number: number) => {
    const name = `worker${number}`;
    fleet.deliver(name);
    fleet.agents.get(name)?.apply();
    fleet.sendReport(name);
    fleet.receiveReport(fleet.reportsUnderWay.length - 1);
  };

  test("because of a report from before its holder took it", () => {
    const agent = new Agent();
    const before = agent.report("worker1");
    agent.receive({ generation: 1, hash: "", state: settled().plan.nodes[0] as NodeState });
    agent.apply();
    const after = withReport(withReport(undefined, before), agent.report("worker1"));
    expect(kernelHolds(after, "192.168.1.100")).toBe(true);
    expect(withReport(after, before)).toBe(after);
  });

  test("while a signal from before a restart may still grant it", () => {
    const fleet = settled();
    see(fleet, 1, { ready: false });
    roundTripOf(fleet, 1);
    fleet.deliver("worker2"); // with the grant, but the agent is slow
    expect(fleet.agents.get("worker2")?.inbox?.state.held).toEqual([{ ip: "192.168.1.100", id: 1 }]);
    fleet.restart();
    see(fleet, 2, { ready: false });
    for (const number of [1, 2, 3]) fleet.sendReport(`worker${number}`);
    while (fleet.reportsUnderWay.length > 0) fleet.receiveReport(0);
    roundTripOf(fleet, 1); // worker1 is known to obey this process; worker2 is not
    expect(fleet.stage.waiting[0]).toBe("192.168.1.100 waits for worker2 to release it");
    roundTripOf(fleet, 3);
    fleet.agents.get("worker2")?.apply();
    expect(fleet.contested()).toEqual([]);
    expect(fleet.settleDown()).toBe(true);
    expect(fleet.agents.get("worker3")?.held).toEqual(new Set(["192.168.1.100"]));
  });
});

describe("a rollout step by step, as `waiting` tells it", () => {
  const start = () => {
    const fleet = new Fleet(
      intent([group("default", "192.168.1.100")], [policy("a")]),
      view([worker(1), worker(2)], pods.slice(0, 2), web),
    );
    fleet.reconcile();
    return fleet;
  };
  const round = (fleet: Fleet) => {
    for (const name of fleet.agents.keys()) {
      fleet.deliver(name);
      fleet.agents.get(name)?.apply();
    }
    for (const name of fleet.agents.keys()) fleet.sendReport(name);
    while (fleet.reportsUnderWay.length > 0) fleet.receiveReport(0);
    return fleet.stage.waiting;
  };

  test("gateway before sources; release before take-over; sources before release on removal", () => {
    const fleet = start();
    expect(fleet.stage.waiting).toEqual([
      "192.168.1.100 waits for the first report of worker1",
      "the plan is not confirmed by worker1 and worker2",
    ]);
    expect(fleet.stage.states).toEqual([]);
    expect(round(fleet)).toEqual([
      "192.168.1.100 waits for worker1 to hold it",
      "the plan is not confirmed by worker1 and worker2",
    ]);
    expect(round(fleet)).toEqual(["the plan is not confirmed by worker2"]);
    expect(round(fleet)).toEqual([]);

    see(fleet, 1, { ready: false });
    expect(fleet.stage.waiting).toEqual([
      "192.168.1.100 waits for worker1 to release it",
      "the plan is not confirmed by worker1 and worker2",
    ]);
    expect(round(fleet)).toEqual([
      "192.168.1.100 waits for worker2 to hold it",
      "the plan is not confirmed by worker1 and worker2",
    ]);
    expect(round(fleet)).toEqual(["the plan is not confirmed by worker1"]);
    expect(round(fleet)).toEqual([]);

    fleet.intent = intent([group("default")], []);
    fleet.reconcile();
    expect(fleet.stage.waiting).toEqual([
      "192.168.1.100 stays on worker2 until unused by worker1",
      "the plan is not confirmed by worker1 and worker2",
    ]);
    expect(round(fleet)).toEqual(["the plan is not confirmed by worker2"]);
    expect(round(fleet)).toEqual([]);
    expect(fleet.stage.done).toBe(true);
  });

  test("a node that is only not Ready is waited for; one that left the cluster is not", () => {
    const fleet = start();
    fleet.settleDown();
    see(fleet, 1, { ready: false });
    fleet.deliver("worker2");
    expect(fleet.stage.waiting[0]).toBe("192.168.1.100 waits for worker1 to release it");
    leaveOrReturn(fleet, 1, true);
    expect(fleet.stage.waiting[0]).toBe("192.168.1.100 waits for worker2 to hold it");
  });

  test("what a source was told to end it is not told again before the gateway holds the address for good", () => {
    const fleet = start();
    fleet.settleDown();
    see(fleet, 1, { ready: false });
    for (const [name, agent] of fleet.agents) {
      fleet.deliver(name);
      agent.apply();
    }
    see(fleet, 1, { ready: true });
    see(fleet, 2, { ready: false }); // back on worker1, whose last report is from before it let go
    expect(fleet.plan.allocations[0]?.node).toBe("worker1");
    expect(fleet.stage.states.find((state) => state.node === "worker2")?.gateways).toEqual([]);
    expect(fleet.settleDown()).toBe(true);
    expect(fleet.agents.get("worker2")?.gateways.size).toBe(1);
  });

  test("after a restart a silent node that may hold an address is waited for", () => {
    const fleet = start();
    fleet.settleDown();
    see(fleet, 1, { ready: false });
    fleet.restart();
    fleet.sendReport("worker2");
    fleet.receiveReport(0);
    expect(fleet.stage.waiting[0]).toBe("192.168.1.100 waits for worker1 to report: it may still be held there");
  });
});

/**
 * Entries that a state adds to what its node has, for a gateway whose kernel does not hold the address. Until a node obeys
 * this process, what it has is what it reported: a signal of an earlier process may end that unseen, and a reconciler
 * that waited to know would cut traffic at every restart.
 */
function redirectsTooEarly(fleet: Fleet): string[] {
  const ipOf = new Map(fleet.plan.next.holders.map(({ id, ip }) => [id, ip]));
  return fleet.stage.states.flatMap((state) => {
    const known = fleet.progress.get(state.node) as NodeProgress;
    const reported = new Map(known.report.kernel.gateways.map(({ id, mac }) => [id, mac]));
    const had = isOurs(known) ? fleet.agents.get(state.node)?.gateways : reported;
    return state.gateways.flatMap(({ id, node: gateway, mac }) => {
      const isNew = had?.get(id) !== mac;
      const holds = fleet.agents.get(gateway)?.held.has(ipOf.get(id) ?? "");
      return gateway !== state.node && isNew && !holds ? [`${state.node} sends ${id} to ${gateway}`] : [];
    });
  });
}
