/** Tells which of our kinds an object is, also where its kind or apiVersion is nearly right. Other kinds are nobody's business here. */

import type { Mistake } from "./mistakes.ts";
import { show } from "./quote.ts";
import type { Report } from "./report.ts";
import { entryOf, textAt } from "./scalars.ts";
import { NETWORKING, type OurKind, SALLYPORT } from "./schemas.ts";
import { suggest } from "./suggest.ts";
import type { MappingNode } from "./tree.ts";

const API_VERSIONS: Readonly<Record<OurKind, string>> = {
  NetworkGatewayGroup: NETWORKING,
  EgressNATPolicy: NETWORKING,
  EgressCluster: SALLYPORT,
};

const OWN_GROUPS = ["networking.gke.io", "sallyport.dev"];
const KINDS = Object.keys(API_VERSIONS) as OurKind[];

/** The text of every document that could be ours matches; the reverse does not hold. */
const TRACES =
  /networking\.gke\.io|sallyport\.dev|networkgatewaygroup|egress-?nat-?policy|egresscluster|enableDataplaneV2|advancedNetworking/i;

export function mayBeOurs(text: string): boolean {
  return TRACES.test(text);
}

/** The kind, read on even where a finding says that it is not written right; undefined: not ours. */
export function recognizeKind(root: MappingNode, report: Report): OurKind | undefined {
  const kind = textAt(root, "kind");
  const apiVersion = textAt(root, "apiVersion");
  const group = apiVersion?.text.split("/")[0];
  if (kind === undefined) {
    if (apiVersion?.text !== NETWORKING && apiVersion?.text !== SALLYPORT) return undefined;
    const at = entryOf(root, "kind")?.key.offset ?? root.offset;
    report.error("missing-field", at, "kind is missing", `add kind: ${KINDS.join(", ")}`);
    return undefined;
  }
  const meant = meantKind(kind.text, group);
  if (meant === undefined) {
    if (group !== "sallyport.dev") return undefined;
    report.error(
      "unknown-kind",
      kind.offset,
      `sallyport.dev has no kind ${show(kind.text)}`,
      "did you mean EgressCluster?",
    );
    return undefined;
  }
  if (meant !== kind.text) {
    report.error("unknown-kind", kind.offset, `there is no kind ${show(kind.text)}`, `did you mean ${meant}?`);
  }
  if (apiVersion !== undefined && apiVersion.text !== API_VERSIONS[meant]) {
    const message = `${meant} has no version ${show(apiVersion.text)}`;
    report.error("unknown-api-version", apiVersion.offset, message, `write apiVersion: ${API_VERSIONS[meant]}`);
  }
  return meant;
}

/** Another group's kind of the same name is not ours; a missing or misspelt group is. */
function meantKind(kind: string, group: string | undefined): OurKind | undefined {
  const exact = KINDS.find((known) => known === kind) ?? KINDS.find((known) => known.toLowerCase() === plain(kind));
  if (exact !== undefined) return group === undefined || !group.includes(".") || isOwnGroup(group) ? exact : undefined;
  return group !== undefined && isOwnGroup(group) ? (suggest(kind, KINDS) as OurKind | undefined) : undefined;
}

function plain(kind: string): string {
  return kind.toLowerCase().replaceAll("-", "");
}

function isOwnGroup(group: string): boolean {
  return OWN_GROUPS.includes(group) || suggest(group, OWN_GROUPS) !== undefined;
}

/** What stands at this offset of the text, if it differs from one of our kinds by case or hyphens only. */
export function misspeltKind(text: string, offset: number): Mistake | undefined {
  const word = /(["']?)([A-Za-z-]+)/y;
  word.lastIndex = offset;
  const [, quote = "", written = ""] = word.exec(text) ?? [];
  const meant = KINDS.find((kind) => kind.toLowerCase() === plain(written));
  if (meant === undefined || meant === written) return undefined;
  const edits = [{ offset: offset + quote.length, length: written.length, replacement: meant }];
  const message = `there is no kind ${written}`;
  return { code: "unknown-kind", offset, message, fix: `did you mean ${meant}?`, edits, safe: true };
}
