// worker1: pods .5 selected, .6 not selected, .7 selected but its MAC address unknown
// worker2: the gateway of .100, with a selected pod of its own · the outside host is the witness
// IPv6: nodes without any IPv4 address, so the outer packets are IPv6 too
import { beforeAll, describe, expect, test } from "vitest";
import { setName } from "../../nodeagent/skeleton/words.ts";
import type { NodeReport } from "../../policies/nodestate.ts";
import { PLAN } from "./plan.ts";
import { runInside } from "./private.ts";

interface Seen {
  readonly selected: string;
  readonly unselected: string;
  readonly unknown: string;
  readonly onGateway: string;
}

interface Steps {
  readonly before: Seen;
  readonly gatewayReport: NodeReport;
  readonly sourceReport: NodeReport;
  readonly with: Seen;
  readonly transfer: boolean;
  readonly mtu: number;
  readonly again: readonly (readonly string[])[];
  readonly withoutRule: string;
  readonly withoutElement: string;
  readonly repairs: readonly (readonly string[])[];
  readonly repaired: Seen;
  readonly connectionsBegin: readonly string[];
  readonly edit: readonly string[];
  readonly connectionsAfterEdit: readonly string[];
  readonly selectedNow: string;
  readonly foreignRule: string;
  readonly replacement: readonly string[];
  readonly connectionsAfterReplacement: readonly string[];
  readonly replaced: Seen;
  readonly withoutGateway: Seen;
  readonly afterReports: readonly NodeReport[];
  readonly after: Seen;
  readonly connectionAfter: string;
}

describe.each([
  [4, "stateful"],
  [6, "stateful"],
  [4, "stateless"],
  [6, "stateless"],
] as const)("IPv%d, %s gateways: the source address that the outside host sees", (family, mode) => {
  const plan = PLAN[family];
  const [node, gatewayNode, floating] = [1, 2, 100].map(plan.inNodeSubnet);
  const nodeAddresses = { selected: node, unselected: node, unknown: node, onGateway: gatewayNode };
  const withPolicy = { selected: floating, unselected: node, unknown: "held", onGateway: floating };
  let steps: Steps;
  beforeAll(async () => {
    steps = await runInside("datapath.inside.ts", 58_000, [String(family), mode]);
  });

  test("before: every pod leaves with its node's address", () => {
    expect(steps.before).toEqual(nodeAddresses);
  });

  test("with a policy: selected pods leave with the floating IP, unknown ones not at all", () => {
    expect(steps.with).toEqual(withPolicy);
  });

  test("the reports say what is in the kernel", () => {
    expect(steps.gatewayReport).toMatchObject({ outcome: "converged", kernel: { held: [floating], pods: 1 } });
    expect(steps.sourceReport).toMatchObject({
      outcome: "converged",
      kernel: {
        held: [],
        gateways: [{ id: 1, mac: "02:e9:00:00:00:02" }],
        pods: 2,
        heldPods: ["default/pod-10-10-1-7"],
      },
    });
  });

  test("big transfers fit the overlay, and the pod is told what does not", () => {
    expect(steps.transfer).toBe(true);
    // 1500 less the outer headers, which are larger where the nodes have IPv6 only.
    expect(steps.mtu).toBe(family === 4 ? 1_450 : 1_430);
  });

  test("a second pass changes nothing", () => {
    expect(steps.again).toEqual([[], []]);
  });

  test("while our rule or the pod's element is missing, nothing leaves with the wrong address", () => {
    expect(steps.withoutRule).toBe("held");
    expect(steps.withoutElement).toBe("held");
  });

  test("what somebody else deleted is put back, by name, and nothing else is touched", () => {
    expect(steps.repairs[0]).toEqual([`added floating address ${floating} to eth0`]);
    expect(steps.repairs[1]).toEqual([
      `added rule ${family === 6 ? "IPv6 " : ""}1000: fwmark 0x10000/0x10000 lookup 7790`,
      expect.stringMatching(
        new RegExp(
          `^added ${plan.pod(1, 5)} . 02:aa:0a:0a:01:05 \\(goto class_\\w+\\) to sallyport/${setName("pods", family)}$`,
        ),
      ),
    ]);
    expect(steps.repaired).toEqual(withPolicy);
  });

  test("an edit of policies: connections keep the address they began with, new ones follow the edit", () => {
    expect(steps.connectionsBegin).toEqual([floating, node]);
    expect(steps.edit).toContainEqual(expect.stringMatching(new RegExp(`^added ${plan.pod(1, 6)} .* \\(goto class_`)));
    expect(steps.connectionsAfterEdit).toEqual([floating, node]);
    expect(steps.selectedNow).toBe(floating);
  });

  test("a foreign rule in our chains leaks until the next pass, which replaces the table and keeps connections", () => {
    expect(steps.foreignRule).toBe(node);
    expect(steps.replacement[0]).toBe("raised the curtain while the main table is replaced");
    expect(steps.replacement.at(-1)).toBe("lowered the curtain");
    expect(steps.connectionsAfterReplacement).toEqual([floating, node]);
    expect(steps.replaced).toEqual(withPolicy);
  });

  test("without a gateway: the source node's selected pods are held, the others are not", () => {
    expect(steps.withoutGateway).toEqual({ ...withPolicy, selected: "held" });
  });

  test("after the policy: its connections are reset, and every pod has its node's address again", () => {
    expect(steps.after).toEqual(nodeAddresses);
    expect(steps.connectionAfter).toBe("closed");
    expect(steps.afterReports[0]?.changes).toContainEqual(expect.stringMatching(/^reset 1 connection of policy web: /));
    expect(steps.afterReports[1]?.changes).toContain(`removed floating address ${floating} from eth0`);
    expect(steps.afterReports[1]?.kernel.held).toEqual([]);
  });
});
