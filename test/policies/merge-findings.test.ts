import { expect, test } from "vitest";
import { mergeFindings } from "../../policies/merge-findings.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import { view, worker } from "./builders.ts";
import { cluster, group, policy, read } from "./manifests/files.ts";

const GROUPS = `${cluster("nodeSubnets: [192.168.1.0/24]\npodCIDRs: [10.10.0.0/16]")}---\n${group("192.168.1.100")}---\n`;
const seen = view([worker(1)]);

/** "file:line code: message" of what is said about these texts, when those before were in force. */
function said(texts: Record<string, string>, before: Record<string, string>): string[] {
  const { intent: earlier } = read(before);
  const previous = earlier === undefined ? nothingBefore : plan(earlier, seen, nothingBefore).next;
  const reading = read(texts);
  if (reading.intent === undefined) throw new Error("the texts declare nothing");
  const planned = plan(reading.intent, seen, previous).findings;
  return mergeFindings(reading, planned).map(({ file, line, code, message }) => `${file}:${line} ${code}: ${message}`);
}

const first = { "groups.yaml": GROUPS, "m.yaml": policy({}, "m") };

test.each([
  {
    name: "the newcomer is told at its line although its name sorts first",
    texts: { ...first, "a.yaml": policy({}, "a") },
    before: first,
    expected: [
      "a.yaml:9 gateway-ref-shared: gatewayRef kube-system/default is already used by policy m; each policy needs a group of its own",
    ],
  },
  {
    name: "the newcomer is told once where the text says the same",
    texts: { ...first, "z.yaml": policy({}, "z") },
    before: first,
    expected: [
      "z.yaml:9 gateway-ref-shared: gatewayRef kube-system/default is already used by policy m; each policy needs a group of its own",
    ],
  },
  {
    name: "what the plan does not get to judge, the text still tells",
    texts: {
      ...first,
      "m.yaml": policy({ gatewayRef: "{name: x, namespace: kube-system}" }, "m"),
      "z.yaml": policy({ gatewayRef: "{name: x, namespace: kube-system}" }, "z"),
    },
    before: {},
    expected: [
      "m.yaml:9 gateway-ref-unknown: there is no NetworkGatewayGroup kube-system/x, so the policy cannot be applied",
      "z.yaml:9 gateway-ref-shared: policies m (m.yaml:9:22) and z refer to the same group kube-system/x; each needs one of its own",
      "z.yaml:9 gateway-ref-unknown: there is no NetworkGatewayGroup kube-system/x, so the policy cannot be applied",
    ],
  },
])("$name", ({ texts, before, expected }) => {
  expect(said(texts, before)).toEqual(expected);
});
