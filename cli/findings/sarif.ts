/**
 * Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which code scanning of forges
 * and editors read.
 */
import { pathToFileURL } from "node:url";
import type { Finding } from "../../policies/findings.ts";
import { CODES, type Code } from "../../policies/manifests/codes.ts";
import { packageVersion } from "../version.ts";

/** Rules are the codes that occur. Paths stay relative as they were given; run `check` in the root of the checkout. */
export function sarifLog(findings: readonly Finding[]): object {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const driver = { name: "sallyport", version: packageVersion(), rules: codes.map(describeRule) };
  const results = findings.map((finding) => describeResult(finding, codes.indexOf(finding.code)));
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }],
  };
}

/** No `helpUri`: it must be absolute, and this repository has no address that is known here. */
function describeRule(code: Code): object {
  const meaning = escapeText(CODES[code]);
  const where = `docs/findings.md#${code}`;
  return {
    id: code,
    shortDescription: { text: meaning },
    help: { text: `${meaning} An example is in ${where}.`, markdown: `${meaning} An example is in \`${where}\`.` },
  };
}

function describeResult(
  { code, severity, message, fix, file, line, column, object }: Finding,
  ruleIndex: number,
): object {
  const region = { startLine: line, startColumn: column };
  const location = { physicalLocation: { artifactLocation: artifactLocation(file), region } };
  const name = object && [object.kind, object.namespace, object.name].filter(Boolean).join("/");
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: escapeText(`${message}. Fix: ${fix}`) },
    locations: [name === undefined ? location : { ...location, logicalLocations: [{ fullyQualifiedName: name }] }],
  };
}

/** %SRCROOT% is the name code scanning knows for the root of the checkout. */
function artifactLocation(file: string): object {
  if (file.startsWith("/")) return { uri: pathToFileURL(file).href };
  return { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" };
}

/** Braces mark placeholders (section 3.11.5), and brackets before a parenthesis a link (3.11.6); a manifest may hold both. */
function escapeText(text: string): string {
  const escaped = text.replaceAll(/[{}]/g, "$&$&");
  return escaped.includes("](") ? escaped.replaceAll(/[[\]\\]/g, "\\$&") : escaped;
}
