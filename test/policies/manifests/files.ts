import type { Finding } from "../../../policies/findings.ts";
import type { ManifestFile } from "../../../policies/manifests/file.ts";
import { readManifests } from "../../../policies/manifests/read.ts";

export function file(path: string, text: string | Uint8Array): ManifestFile {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return { path, blobId: path, bytes };
}

/** What reading these texts gives; a single text is the file a.yaml. */
export function read(texts: string | Record<string, string>) {
  const entries = typeof texts === "string" ? [["a.yaml", texts] as const] : Object.entries(texts);
  return readManifests(entries.map(([path, text]) => file(path, text)));
}

/** "line:column code" of each finding, with the file in front where it is not a.yaml. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ file: path, line, column, code }) => `${path === "a.yaml" ? "" : `${path}:`}${line}:${column} ${code}`,
  );
}

/** kube-system/default with these addresses, in flow style on one line. */
export function group(ips: string, name = "default"): string {
  return `{kind: NetworkGatewayGroup, apiVersion: networking.gke.io/v1, metadata: {namespace: kube-system, name: ${name}}, spec: {floatingIPs: [${ips}]}}\n`;
}

/** A policy of alice's frontends; `over` replaces or adds fields of its spec. */
export function policy(over: Record<string, string> = {}, name = "alice"): string {
  const spec = {
    sources: "[{namespaceSelector: {matchLabels: {user: alice}}, podSelector: {matchLabels: {role: frontend}}}]",
    action: "SNAT",
    destinations: "[{cidr: 8.8.8.0/24}]",
    gatewayRef: "{name: default, namespace: kube-system}",
    ...over,
  };
  const fields = Object.entries(spec).map(([field, value]) => `\n  ${field}: ${value}`);
  return `kind: EgressNATPolicy\napiVersion: networking.gke.io/v1\nmetadata:\n  name: ${name}\nspec:${fields.join("")}\n`;
}

/** An EgressCluster with this spec, given as block YAML. */
export function cluster(spec: string): string {
  return `kind: EgressCluster\napiVersion: sallyport.dev/v1alpha1\nmetadata: {name: lab}\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
}
