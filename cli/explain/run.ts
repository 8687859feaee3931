/** `sallyport explain`: reads the manifests, the cluster and the status branch, and answers one question. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Explanation, explain } from "../../policies/explain/explain.ts";
import type { Finding } from "../../policies/findings.ts";
import type { Intent } from "../../policies/intent.ts";
import { judge } from "../../policies/manifests/judge.ts";
import { readManifests } from "../../policies/manifests/read.ts";
import { plan } from "../../policies/plan.ts";
import { readInventory } from "../../reconciler/inventory/file.ts";
import { readManifestPaths } from "../../reconciler/source/files.ts";
import { type Baseline, readBaseline } from "../plan/baseline.ts";
import type { AllocationSource } from "../plan/document.ts";
import { parseEndpoint } from "./endpoint.ts";

export interface ExplainFlags {
  readonly inventory: string;
  readonly pod: string;
  readonly to: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

/** What `sallyport explain --json` prints; docs/json.md describes it. Only ever extended. */
export interface ExplainDocument extends Explanation {
  /** As asked; policies do not look at it. */
  readonly port: number | null;
  readonly allocation: AllocationSource;
}

export type Answer =
  | { readonly kind: "answer"; readonly document: ExplainDocument }
  /** The question or the paths are wrong; one line. */
  | { readonly kind: "misuse"; readonly message: string }
  /** The manifests have errors, so they would not come into force. */
  | { readonly kind: "rejected"; readonly findings: readonly Finding[] };

export async function answer(paths: readonly string[], flags: ExplainFlags): Promise<Answer> {
  const endpoint = parseEndpoint(flags.to);
  if (endpoint === undefined) return misuse(`--to ${flags.to}: write IP, IP:PORT or [IPv6]:PORT`);
  const [namespace, name, ...more] = flags.pod.split("/");
  if (!namespace || !name || more.length > 0) return misuse(`--pod ${flags.pod}: write NAMESPACE/NAME`);
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) return misuse(`there is no file or folder ${missing.join(", ")}`);

  const judged = judge(readManifests(await readManifestPaths(paths)));
  if (judged.kind === "rejected") return judged;
  const [view, baseline] = await Promise.all([
    readInventory(flags.inventory),
    readBaselineAround(paths[0] ?? ".", flags.cluster),
  ]);
  const question = { pod: { namespace, name }, destination: endpoint.address };
  const explained = ask(judged.intent, view, baseline, question);
  if (typeof explained === "string") return misuse(`${explained} in ${flags.inventory}`);
  return { kind: "answer", document: { ...explained, port: endpoint.port, allocation: baseline.allocation } };
}

function ask(
  intent: Intent,
  view: Parameters<typeof explain>[1],
  { previous }: Baseline,
  question: Parameters<typeof explain>[3],
): Explanation | string {
  return explain(intent, view, plan(intent, view, previous), question);
}

function readBaselineAround(path: string, cluster: string | undefined): Promise<Baseline> {
  return readBaseline(statSync(path).isDirectory() ? path : dirname(path), cluster);
}

function misuse(message: string): Answer {
  return { kind: "misuse", message };
}
