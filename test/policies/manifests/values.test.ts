import { CronTime } from "cron";
import { describe, expect, test } from "vitest";
import { explainCron, parsePollInterval } from "../../../policies/manifests/times.ts";
import { brief, cluster, group, policy, read } from "./files.ts";

describe("poll intervals", () => {
  test.each([
    ["15s", 15],
    ["1m30s", 90],
    ["1h", 3600],
    ["90m", 5400],
    ["24h", 86_400],
    ["1s", 1],
  ])("%s is %i seconds", (text, seconds) => expect(parsePollInterval(text)).toBe(seconds));

  test.each(["", "0s", "25h", "24h1s", "15", "15 s", "1.5m", "500ms", "-5s", "s", "1s1m", "99999999s"])(
    "%j is refused",
    (text) => {
      expect(parsePollInterval(text)).toBeUndefined();
    },
  );
});

describe("schedules", () => {
  test.each([
    "* * * * *",
    "*/5 * * * *",
    "0 0 1 1 0",
    "59 23 31 12 7",
    "0-30/10 8-18 * * mon-fri",
    "1,2,3 * * jan,DEC *",
    "  5  4 * * sun ",
  ])("%j is accepted, by the scheduler as well", (text) => {
    expect(explainCron(text)).toBeUndefined();
    expect(() => new CronTime(text.trim())).not.toThrow();
  });

  test.each([
    "",
    "* * * *",
    "* * * * * *",
    "@hourly",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
    "*/0 * * * *",
    "5/10 * * * *",
    "1- * * * *",
    "a * * * *",
    ", * * * *",
  ])("%j is refused", (text) => expect(explainCron(text)).toEqual(expect.any(String)));
});

describe("selectors", () => {
  const select = (podSelector: string) => {
    const text =
      group("192.168.1.100") +
      "---\n".concat(policy({ sources: `[{namespaceSelector: {}, podSelector: ${podSelector}}]` }));
    const { intent, findings } = read(text);
    return {
      codes: findings.map(({ code }) => code),
      requirements: intent?.policies[0]?.sources[0]?.podSelector.requirements,
    };
  };

  test.each([
    ["{}", []],
    [
      "{matchLabels: {a: b, c/d: ''}}",
      [
        ["a", "In", ["b"]],
        ["c/d", "In", [""]],
      ],
    ],
    ["{matchExpressions: [{key: a, operator: NotIn, values: [b, c]}]}", [["a", "NotIn", ["b", "c"]]]],
    [
      "{matchExpressions: [{key: a, operator: Exists}, {key: b, operator: DoesNotExist, values: []}]}",
      [
        ["a", "Exists", []],
        ["b", "DoesNotExist", []],
      ],
    ],
    [
      '{matchLabels: {a: "true", b: "8"}}',
      [
        ["a", "In", ["true"]],
        ["b", "In", ["8"]],
      ],
    ],
  ])("%s", (text, expected) => {
    const { codes, requirements } = select(text);
    expect(codes).toEqual([]);
    expect(requirements?.map(({ key, operator, values }) => [key, operator, values])).toEqual(expected);
  });

  // A source whose selector is broken selects nothing: to leave out the broken part would select more than was meant.
  test.each([
    ["{matchLabels: {a: true}}", "wrong-type"],
    ["{matchLabels: {a: 8, b: c}}", "wrong-type"],
    ["{matchLabels: [a]}", "wrong-type"],
    ["{matchLabel: {a: b}}", "unknown-field"],
    ["{matchLabels: {-a: b}}", "invalid-label"],
    ["{matchLabels: {a: b/c}}", "invalid-label"],
    [`{matchLabels: {a: ${"b".repeat(64)}}}`, "invalid-label"],
    ["{matchExpressions: [{key: a, operator: In}]}", "operator-values"],
    ["{matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "operator-values"],
    ["{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}", "unknown-value"],
    ["{matchExpressions: [{operator: Exists}]}", "missing-field"],
    ["{matchExpressions: [{key: a, operator: In, values: [b, [c]]}]}", "wrong-type"],
  ])("%s is refused with its source", (text, code) => {
    expect(select(text)).toEqual({ codes: [code], requirements: undefined });
  });
});

describe("settings", () => {
  test("every field has a default, and what is written replaces it", () => {
    const defaults = {
      at: null,
      podCIDRs: [],
      serviceCIDRs: [],
      noEgressCIDRs: [],
      nodeSubnets: [],
      defaultGateways: [],
      gatewayNodeSelector: { requirements: [] },
      gatewayMode: null,
      rebalance: "",
      overlay: { vni: 77, port: 4790 },
      pollIntervalSeconds: 15,
      schedule: "*/5 * * * *",
    };
    expect(read(group("192.168.1.100")).intent?.cluster).toEqual(defaults);
    expect(read(cluster("{}")).intent?.cluster).toEqual({ ...defaults, at: expect.objectContaining({ line: 3 }) });
    const written = cluster(
      "podCIDRs: [10.10.0.0/16]\nserviceCIDRs: [10.96.0.0/12]\nnoEgressCIDRs: [172.16.0.0/12]\nnodeSubnets: [192.168.1.0/24]\ndefaultGateways: [192.168.1.1]\ngateway: {mode: stateless, rebalance: once, nodeSelector: {matchLabels: {egress: 'yes'}}}\noverlay: {vni: 5, port: 4800}\npollInterval: 1m\nschedule: 0  3 * * *",
    );
    expect(read(written)).toEqual({
      findings: [],
      intent: {
        groups: [],
        policies: [],
        cluster: {
          ...{
            podCIDRs: ["10.10.0.0/16"],
            serviceCIDRs: ["10.96.0.0/12"],
            noEgressCIDRs: ["172.16.0.0/12"],
            nodeSubnets: ["192.168.1.0/24"],
            defaultGateways: ["192.168.1.1"],
          },
          at: expect.objectContaining({ line: 3 }),
          gatewayMode: { value: "stateless", at: { file: "a.yaml", line: 10, column: 19 } },
          rebalance: "once",
          gatewayNodeSelector: { requirements: [{ key: "egress", operator: "In", values: ["yes"] }] },
          ...{ overlay: { vni: 5, port: 4800 }, pollIntervalSeconds: 60, schedule: "0 3 * * *" },
        },
      },
    });
  });

  test.each([
    ["defaultGateways: [192.168.1.1, 'fe80::1', '2001:DB8::1']", [], ["192.168.1.1", "fe80::1", "2001:db8::1"]],
    ["nodeSubnets: [192.168.1.0/24]\ndefaultGateways: [192.168.1.1, 'fe80::1']", [], ["192.168.1.1", "fe80::1"]],
    ["defaultGateways: [192.168.1.1]\nnodeSubnets: ['2001:db8::/64']", ["5:21"], ["192.168.1.1"]],
    ["nodeSubnets: [192.168.1.0/24, x]\ndefaultGateways: [10.0.0.1]", [], ["10.0.0.1"]],
    ["defaultGateways: [192.168.1.1/24, 1, null, [10.0.0.1], 010.0.0.1]", [], []],
    ["defaultGateways: 192.168.1.1", [], []],
  ])("default gateways: %s", (spec, outside, expected) => {
    const { intent, findings } = read(cluster(spec));
    expect(intent?.cluster.defaultGateways).toEqual(expected);
    const strange = findings.filter(({ code }) => code === "default-gateway-outside-subnets");
    expect(strange.map(({ line, column }) => `${line}:${column}`)).toEqual(outside);
    expect(findings.some(({ severity }) => severity === "error")).toBe(expected.length === 0 || spec.includes("x]"));
  });

  test.each([
    ["2026-11-24", "2026-11-24", []],
    ["'20261124'", "20261124", []],
    ["20261124", "", ['wrong-type: write it in quotes: "20261124"']],
    ["true", "", ['wrong-type: write it in quotes: "true"']],
    ["[now]", "", ["wrong-type: write text"]],
    ["", "", []],
  ])("rebalance: %s", (text, expected, said) => {
    const { intent, findings } = read(cluster(`gateway: {rebalance: ${text}}`));
    expect(intent?.cluster.rebalance).toBe(expected);
    expect(findings.map(({ code, fix }) => `${code}: ${fix}`)).toEqual(said);
  });

  test("an empty tree declares nothing, which is not the same as declaring that nothing is wanted", () => {
    expect(read({}).intent).toBeUndefined();
    expect(read("kind: ConfigMap\n").intent).toBeUndefined();
    expect(read(cluster("{}")).intent).toMatchObject({ groups: [], policies: [] });
  });

  test("a broken object is still declared as far as it can be read", () => {
    const { intent, findings } = read(
      `${group("192.168.1.100, x")}---\n${policy({ destinations: "[{cidr: 8.8.8.0/24}, {cidr: x}]" })}`,
    );
    expect(brief(findings)).toEqual(["1:150 invalid-address", "10:45 invalid-cidr"]);
    expect(intent?.groups[0]?.floatingIPs.map(({ value }) => value)).toEqual(["192.168.1.100"]);
    expect(intent?.policies[0]?.destinations.map(({ value }) => value)).toEqual(["8.8.8.0/24"]);
  });
});
