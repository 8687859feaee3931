// What becomes of a pod's connections to a server when its rules change.
import { describe, expect, test } from "vitest";
import { createJudge, type Judgement, type PodChange, type Settlement } from "../../nodeagent/connections/judge.ts";
import { resetWords } from "../../nodeagent/connections/words.ts";
import { MARK_TUNNEL } from "../../nodeagent/constants.ts";
import type { Flow } from "../../nodeagent/kernel/flows.ts";
import type { ClassRule } from "../../policies/nodestate.ts";

const [POD, OTHER_POD, SERVER, SERVICE] = ["10.10.1.5", "10.10.1.9", "198.51.100.10", "10.96.0.7"];
const NODE = "192.168.1.1";
const FLOATING = "192.168.1.101";

const rule = (cidr: string, id: number, policy = "a") => ({ cidr, id, policy });
const wide = rule("198.51.100.0/24", 1);
const longer = rule("198.51.100.10/32", 2, "b");

const nodeIP = (each: ClassRule): ClassRule => ({ ...each, nodeIP: true });

const flow = (mark: number, parts: Partial<Flow> = {}): Flow => ({
  ...{ protocol: 6, source: POD, destination: SERVER, sourcePort: 40_000, destinationPort: 443, icmp: null },
  ...{
    server: SERVER,
    serverPort: 443,
    seenAs: POD,
    seenAsPort: 40_000,
    tcpState: "ESTABLISHED",
    answered: true,
    zoned: false,
    mark,
  },
  timeoutS: 300,
  ...parts,
});
const UDP = { protocol: 17, tcpState: null };
const UNANSWERED = { answered: false, tcpState: "SYN_SENT" };

const change = (rules: PodChange["rules"], formerRules = [wide]): PodChange => ({
  ip: POD,
  mac: "02:aa:0a:0a:01:05",
  formerRules,
  rules,
});

const settlement = (rules: PodChange["rules"]): Settlement => ({
  pods: [change(rules)],
  vanishedIds: [7],
  isAnybodys: true,
  ids: [1, 2, 7],
  floatingOfId: new Map([[2, FLOATING]]),
  noEgressCIDRs: ["10.96.0.0/12"],
  stateless: null,
});

type Row = readonly [what: string, rules: PodChange["rules"], flow: Flow, judgement: Judgement];

describe("a connection", () => {
  test.each<Row>([
    ["whose rule stands", [wide], flow(1), "keep"],
    ["whose rule stands behind one with a longer prefix", [longer, wide], flow(1), "keep"],
    ["whose rule has another id", [rule(wide.cidr, 2)], flow(1), "end"],
    ["whose rule does not cover its server any more", [rule("198.51.100.128/25", 1)], flow(1), "end"],
    ["whose rule is gone", [], flow(1), "end"],
    ["of a pod that is gone", "gone", flow(1), "end"],
    ["of a pod that may be another one", "unknown", flow(1), "forget"],
    ["of datagrams whose rule is gone", [], flow(1, UDP), "forget"],
    ["of datagrams whose rule stands", [longer, wide], flow(1, UDP), "keep"],
    ["of a protocol that has connections, too (SCTP)", [], flow(1, { protocol: 132, tcpState: null }), "end"],
    ["that began before its pod was selected", [wide], flow(0), "keep"],
    ["that has somebody else's mark", [], flow(99), "keep"],
    ["that has ended already", [], flow(MARK_TUNNEL | 1), "keep"],
    ["of another pod, under an id in use", [], flow(1, { source: OTHER_POD }), "keep"],
    ["of another pod, under an id that is not", [], flow(7, { source: OTHER_POD }), "end"],
    ["to a Service whose endpoint is outside", [wide], flow(1, { destination: SERVICE }), "keep"],
    ["of another node's pod, on a stateful gateway", [], flow(7, { source: OTHER_POD, zoned: true }), "keep"],
    ["whose rule leads out with the node's address now", [nodeIP(wide)], flow(1), "end"],
    ["whose longer rule does, but not the one that it began by", [nodeIP(longer), wide], flow(1), "keep"],
    ["that began with the node's address meanwhile", [wide], flow(0, { seenAs: NODE }), "keep"],
    ["to a Service whose endpoint moved out", [], flow(1, { destination: SERVICE }), "end"],
  ])("%s", (_what, rules, each, expected) => {
    expect(createJudge(settlement(rules))(each)).toBe(expected);
  });
});

describe("what nobody has answered yet", () => {
  test.each<Row>([
    ["follows the first rule", [longer, wide], flow(1, UNANSWERED), "forget"],
    ["stays where the first rule leads already", [wide], flow(1, UNANSWERED), "keep"],
    ["begins anew with the node's address", [nodeIP(wide)], flow(1, UNANSWERED), "forget"],
    ["begins anew when the address is held again", [wide], flow(0, { ...UNANSWERED, seenAs: NODE }), "forget"],
    ["is no connection that could be reset", [], flow(1, UNANSWERED), "forget"],
    ["begins anew with its pod selected", [wide], flow(0, { ...UNANSWERED, seenAs: NODE }), "forget"],
    [
      "begins anew when it has the new id already, but not its address",
      [longer],
      flow(2, { ...UNANSWERED, seenAs: NODE }),
      "forget",
    ],
    ["stays when it has that, too", [longer], flow(2, { ...UNANSWERED, seenAs: FLOATING }), "keep"],
    ["stays inside the cluster", [rule("0.0.0.0/0", 1)], flow(0, { ...UNANSWERED, server: SERVICE }), "keep"],
  ])("%s", (_what, rules, each, expected) => {
    expect(createJudge(settlement(rules))(each)).toBe(expected);
  });
});

describe("a connection that this node translates for stateless gateways", () => {
  const stateless = { block: { firstPort: 20_480, ports: 512 }, idsHeldHere: new Set<number>() };
  const judge = (parts: Partial<Flow>, change: Partial<Settlement> = {}) =>
    createJudge({ ...settlement([rule(wide.cidr, 2)]), stateless, ...change })(
      flow(2, { seenAs: FLOATING, seenAsPort: 20_991, ...parts }),
    );

  test.each<[string, Partial<Flow>, Judgement]>([
    ["with the address of its id and a port of this node", {}, "keep"],
    ["with another address", { seenAs: "192.168.1.102" }, "end"],
    ["with none, as for stateful gateways", { seenAs: POD }, "end"],
    ["with the port after the last", { seenAsPort: 20_992 }, "end"],
    ["with the port before the first", { seenAsPort: 20_479 }, "end"],
    ["of datagrams with another node's port", { ...UDP, seenAsPort: 1_024 }, "forget"],
    ["of another pod, with another address", { source: OTHER_POD, seenAs: "192.168.1.102" }, "end"],
    ["of another pod", { source: OTHER_POD }, "keep"],
    ["that has ended, with another address", { mark: MARK_TUNNEL | 2, seenAs: POD }, "keep"],
  ])("%s", (_what, parts, expected) => {
    expect(judge(parts)).toBe(expected);
  });

  test("without ports for this node", () => {
    expect(judge({}, { stateless: { ...stateless, block: null } })).toBe("end");
  });

  test("is told why", () => {
    const here = change([wide]);
    expect(resetWords([flow(1)], [here])).toEqual([
      "reset 1 connection of policy a: its address or port is another one now",
    ]);
  });
});

describe("the report", () => {
  const moved = change([rule(wide.cidr, 2)]);
  test.each<[string, readonly Flow[], readonly PodChange[], string]>([
    ["one", [flow(1)], [moved], "reset 1 connection of policy a: its address changed"],
    ["several", [flow(1), flow(1)], [moved], "reset 2 connections of policy a: its address changed"],
    ["labels", [flow(1)], [change([])], "reset 1 connection of policy a: it does not apply to the pod any more"],
    [
      "destinations",
      [flow(1)],
      [change([rule("203.0.113.0/24", 1)])],
      "reset 1 connection of policy a: it does not decide about the destination any more",
    ],
    [
      "that nobody holds the address",
      [flow(1)],
      [change([nodeIP(wide)])],
      "reset 1 connection of policy a: nobody holds its address",
    ],
    ["a pod's end", [flow(1)], [change("gone")], "reset 1 connection of policy a: the pod is gone"],
    ["a pod not known", [flow(7)], [], "reset 1 connection under egress id 7: it is not in use any more"],
  ])("says whose and why: %s", (_name, flows, pods, expected) => {
    expect(resetWords(flows, pods)).toEqual([expected]);
  });
});
