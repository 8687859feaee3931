import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchema } from "../../../policies/manifests/json-schema.ts";
import { type OurKind, SCHEMAS } from "../../../policies/manifests/schemas.ts";
import { cluster, group, policy, read } from "./files.ts";

const KINDS = Object.keys(SCHEMAS) as OurKind[];

/** Reads the schema as any validator would: zod's, which knows nothing of ours. */
function accepts(kind: OurKind, text: string): boolean {
  return z.fromJSONSchema(jsonSchema(kind) as Parameters<typeof z.fromJSONSchema>[0]).safeParse(load(text)).success;
}

/** Findings about one object that no schema can know of: they need other objects, or arithmetic. */
const BEYOND_SCHEMAS = ["gateway-ref-unknown", "default-group-missing"];

function checks(text: string): boolean {
  return read(text).findings.every(({ severity, code }) => severity !== "error" || BEYOND_SCHEMAS.includes(code));
}

const annotated = (name: string, value: string) =>
  policy().replace("  name: alice\n", `  name: alice\n  annotations: {${name}: ${value}}\n`);

const GOOD: readonly (readonly [OurKind, string])[] = [
  ["NetworkGatewayGroup", group("192.168.1.100, '2001:db8::1'")],
  ["EgressNATPolicy", policy()],
  ["EgressNATPolicy", policy({ sources: "[{}]", destinations: "[{cidr: '::/0'}]" })],
  ["EgressNATPolicy", policy({ sources: "[{podSelector: {matchExpressions: [{key: a, operator: Exists}]}}]" })],
  ["EgressNATPolicy", annotated("sallyport.dev/on-gateway-failure", "nodeIP")],
  ["EgressNATPolicy", annotated("example.com/on-gateway-failure", "whatever")],
  ["EgressCluster", cluster("{}")],
  [
    "EgressCluster",
    cluster(
      'pollInterval: 1m30s\nschedule: "0 0 * * *"\noverlay: {vni: 1}\ngateway: {nodeSelector: {}, mode: stateless}',
    ),
  ],
];

const BAD: readonly (readonly [OurKind, string])[] = [
  ["NetworkGatewayGroup", group("192.168.1.100").replace("floatingIPs", "floatingIps")],
  ["NetworkGatewayGroup", group("[a]")],
  ["EgressNATPolicy", policy({ action: "NAT" })],
  ["EgressNATPolicy", policy({ destinations: "8.8.8.0/24" })],
  ["EgressNATPolicy", policy({ gatewayRef: "{name: default}" })],
  ["EgressNATPolicy", policy({ sources: "[{podSelector: {matchLabels: {a: 1}}}]" })],
  ["EgressCluster", cluster("overlay: {vni: 0}")],
  ["EgressCluster", cluster("overlay: {port: x}")],
  ["EgressCluster", cluster("gateway: {mode: stateles}")],
  ["EgressNATPolicy", annotated("sallyport.dev/on-gateway-failure", "nodeip")],
];

describe("JSON Schema", () => {
  test.each(KINDS)("docs/schemas/%s.json is what the check itself uses", async (kind) => {
    const path = new URL(`../../../docs/schemas/${kind}.json`, import.meta.url).pathname;
    await expect(`${JSON.stringify(jsonSchema(kind), null, 2)}\n`).toMatchFileSnapshot(path);
  });

  test.each(GOOD)("accepts what the check accepts: %s %#", (kind, text) => {
    expect([checks(text), accepts(kind, text)]).toEqual([true, true]);
  });

  test.each(BAD)("refuses only what the check refuses: %s %#", (kind, text) => {
    expect([checks(text), accepts(kind, text)]).toEqual([false, false]);
  });
});
