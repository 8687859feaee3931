import { describe, expect, test } from "vitest";
import { brief, read } from "./files.ts";

// The manifests of "Configuring an egress NAT gateway", character for character, typing mistakes included.
const GROUP = `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: default
spec
  floatingIPs:
  - 192.168.1.100
  - 192.168.1.101
  - 192.168.1.102
  - 192.168.1.103
  - 192.168.1.104
`;
const POLICY = `kind: EgressNATPolicy
apiVersion: networking.gke.io/v1
metadata:
  name: alice-paul
spec:
  sources:
  - namespaceSelector:
      matchLabels:
        user: alice
    podSelector:
      matchLabels:
        role: frontend
  - namespaceSelector:
      matchLabels:
        user: paul
    podSelector:
      matchLabels:
        role: frontend
  action: SNAT
  destinations:
  - cidr: 8.8.8.0/24
  gatewayRef:
    name: default
    namespace: kube-system
`;
const RESPONSE = `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: default
spec:
  floatingIPs:
  — 192.168.1.100
  — 192.168.1.101
  — 192.168.1.102
status:
  ...
  floatingIPs:
    192.168.1.100: worker1
    192.168.1.101: worker2
    192.168.1.102: worker1
`;
const tracking = (n: number) => `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: gateway${n}
spec:
  floatingIPs:
  — 192.168.1.${99 + n}
`;
const tracked = (n: number) => `kind: EgressNATPolicy
apiVersion: networking.gke.io/v1
metadata:
  name: egresspolicy${n}
spec:
  ...
  gatewayRef:
    name: gateway${n}
    namespace: kube-system
`;
const SWITCHES = "enableDataplaneV2: true\n...\nadvancedNetworking: true\n";

const three = (document: (n: number) => string) => [1, 2, 3].map(document).join("---\n");

describe("the seed document's manifests as printed", () => {
  test("spec without a colon: one finding, and the addresses are read all the same", () => {
    const { intent, findings } = read(GROUP);
    expect(brief(findings)).toEqual(["6:1 missing-colon"]);
    expect(findings[0]).toMatchObject({
      severity: "error",
      message: "spec has no colon behind it",
      fix: "write spec:",
    });
    expect(intent?.groups[0]?.floatingIPs.map(({ value, at }) => `${at.line}:${at.column} ${value}`)).toEqual([
      "8:5 192.168.1.100",
      "9:5 192.168.1.101",
      "10:5 192.168.1.102",
      "11:5 192.168.1.103",
      "12:5 192.168.1.104",
    ]);
  });

  test("the policy has no mistake; which address it uses is noted", () => {
    const { intent, findings } = read({ "g.yaml": GROUP.replace("spec\n", "spec:\n"), "p.yaml": POLICY });
    expect(brief(findings)).toEqual(["p.yaml:23:11 further-ips-ignored"]);
    expect(findings[0]?.severity).toBe("note");
    expect(intent?.policies).toEqual([
      {
        name: "alice-paul",
        sources: ["alice", "paul"].map((user) => ({
          namespaceSelector: { requirements: [{ key: "user", operator: "In", values: [user] }] },
          podSelector: { requirements: [{ key: "role", operator: "In", values: ["frontend"] }] },
        })),
        destinations: [{ value: "8.8.8.0/24", at: { file: "p.yaml", line: 21, column: 11 } }],
        gatewayRef: {
          value: { namespace: "kube-system", name: "default" },
          at: { file: "p.yaml", line: 23, column: 11 },
        },
        onGatewayFailure: "drop",
        at: { file: "p.yaml", line: 4, column: 9 },
      },
    ]);
  });

  test("each em dash is named at its place, and so is the line that stands for others", () => {
    const { intent, findings } = read(RESPONSE);
    expect(brief(findings)).toEqual([
      "8:3 typographic-character",
      "9:3 typographic-character",
      "10:3 typographic-character",
      "12:3 placeholder",
    ]);
    expect(findings[0]?.message).toContain("U+2014 EM DASH");
    expect(findings[0]?.fix).toBe("write a hyphen (-)");
    expect(intent?.groups[0]?.floatingIPs.map(({ value }) => value)).toEqual([
      "192.168.1.100",
      "192.168.1.101",
      "192.168.1.102",
    ]);
  });

  test("several groups in one file beside the default group: one finding for each dash", () => {
    const { findings } = read({ "default.yaml": GROUP.replace("spec\n", "spec:\n"), "a.yaml": three(tracking) });
    expect(brief(findings)).toEqual([
      "8:3 typographic-character",
      "17:3 typographic-character",
      "26:3 typographic-character",
    ]);
  });

  test("several policies: what the dots leave out is not reported as missing", () => {
    const repaired = three(tracking).replaceAll("—", "-");
    const { findings } = read({
      "default.yaml": GROUP.replace("spec\n", "spec:\n"),
      "groups.yaml": repaired,
      "a.yaml": three(tracked),
    });
    expect(brief(findings)).toEqual(["6:3 placeholder", "16:3 placeholder", "26:3 placeholder"]);
  });

  test("pasted with the indentation of the page: the separators are named as well, and everything is read", () => {
    const indented = (text: string) => text.replace(/^(?=.)/gm, "    ");
    const { intent, findings } = read({
      "default.yaml": GROUP.replace("spec\n", "spec:\n"),
      "a.yaml": indented(three(tracking)),
      "b.yaml": indented(three(tracked)),
    });
    expect(brief(findings)).toEqual([
      "8:7 typographic-character",
      "9:5 indented-separator",
      "17:7 typographic-character",
      "18:5 indented-separator",
      "26:7 typographic-character",
      "b.yaml:6:7 placeholder",
      "b.yaml:10:5 indented-separator",
      "b.yaml:16:7 placeholder",
      "b.yaml:20:5 indented-separator",
      "b.yaml:26:7 placeholder",
    ]);
    expect(intent?.groups.map(({ name }) => name)).toEqual(["gateway1", "gateway2", "gateway3", "default"]);
    expect(intent?.policies.map(({ name }) => name)).toEqual(["egresspolicy1", "egresspolicy2", "egresspolicy3"]);
  });

  test("both switches are on in the cluster configuration", () => {
    expect(read(SWITCHES)).toEqual({ intent: undefined, findings: [] });
  });

  test("a switch that is off or missing is named with its line", () => {
    expect(brief(read(SWITCHES.replace("V2: true", "V2: false")).findings)).toEqual(["1:1 switch-off"]);
    expect(brief(read("kind: UserCluster\nspec:\n  advancedNetworking: true\n").findings)).toEqual(["3:3 switch-off"]);
  });

  test("the spelling of the prose is answered with the kind", () => {
    const { findings } = read({
      "g.yaml": GROUP.replace("spec\n", "spec:\n"),
      "a.yaml": POLICY.replace("EgressNATPolicy", "EgressNatPolicy"),
    });
    expect(findings[0]).toMatchObject({
      code: "unknown-kind",
      line: 1,
      column: 7,
      fix: "did you mean EgressNATPolicy?",
    });
  });
});
