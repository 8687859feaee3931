import { expect, test } from "vitest";
import { workflowCommand } from "../../cli/findings/github.ts";
import { sarifLog } from "../../cli/findings/sarif.ts";
import { packageVersion } from "../../cli/version.ts";
import type { Finding } from "../../policies/findings.ts";

const finding: Finding = {
  code: "missing-colon",
  severity: "error",
  message: "spec has no colon behind it",
  fix: "write spec:",
  file: "clusters/prod/a.yaml",
  line: 6,
  column: 1,
  object: { kind: "NetworkGatewayGroup", namespace: "kube-system", name: "default" },
};

test.each<[string, Partial<Finding>, string]>([
  [
    "an error",
    {},
    "::error file=clusters/prod/a.yaml,line=6,col=1,title=missing-colon::spec has no colon behind it%0Afix: write spec:",
  ],
  [
    "a note is a notice",
    { severity: "note", message: "m", fix: "f" },
    "::notice file=clusters/prod/a.yaml,line=6,col=1,title=missing-colon::m%0Afix: f",
  ],
  [
    "what would end a property or the message is escaped",
    { severity: "warning", file: "a,b:c%.yaml", message: "50%\r\n::error::x", fix: "f" },
    "::warning file=a%2Cb%3Ac%25.yaml,line=6,col=1,title=missing-colon::50%25%0D%0A::error::x%0Afix: f",
  ],
])("GitHub workflow command: %s", (_, over, command) => {
  expect(workflowCommand({ ...finding, ...over })).toBe(command);
});

test("SARIF: the whole log", () => {
  const { object: _, ...second } = {
    ...finding,
    code: "yaml" as const,
    severity: "note" as const,
    file: "/srv/ä #.yaml",
  };
  expect(sarifLog([finding, second, finding])).toEqual({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "sallyport",
            version: packageVersion(),
            rules: [
              {
                id: "missing-colon",
                shortDescription: { text: "A field without its colon. `check --fix` repairs it." },
                help: {
                  text: "A field without its colon. `check --fix` repairs it. An example is in docs/findings.md#missing-colon.",
                  markdown:
                    "A field without its colon. `check --fix` repairs it. An example is in `docs/findings.md#missing-colon`.",
                },
              },
              expect.objectContaining({ id: "yaml" }),
            ],
          },
        },
        columnKind: "utf16CodeUnits",
        results: [
          {
            ruleId: "missing-colon",
            ruleIndex: 0,
            level: "error",
            message: { text: "spec has no colon behind it. Fix: write spec:" },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "clusters/prod/a.yaml", uriBaseId: "%SRCROOT%" },
                  region: { startLine: 6, startColumn: 1 },
                },
                logicalLocations: [{ fullyQualifiedName: "NetworkGatewayGroup/kube-system/default" }],
              },
            ],
          },
          {
            ruleId: "yaml",
            ruleIndex: 1,
            level: "note",
            message: { text: "spec has no colon behind it. Fix: write spec:" },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "file:///srv/%C3%A4%20%23.yaml" },
                  region: { startLine: 6, startColumn: 1 },
                },
              },
            ],
          },
          expect.objectContaining({ ruleIndex: 0 }),
        ],
      },
    ],
  });
});

test.each([
  ["a/b c.yaml", "a/b%20c.yaml"],
  ["../a?.yaml", "../a%3F.yaml"],
  ["x:y/a.yaml", "x%3Ay/a.yaml"],
])("SARIF: the path %s is the URI %s", (file, uri) => {
  expect(JSON.stringify(sarifLog([{ ...finding, file }]))).toContain(`"uri":"${uri}"`);
});

test.each([
  ["write {cidr: x}", "write {{cidr: x}}"],
  ['"[a](http://x)"', String.raw`"\[a\](http://x)"`],
  ["spec.sources[0] is", "spec.sources[0] is"],
])("SARIF: the text %s is %s, so that no viewer takes it for a placeholder or a link", (message, text) => {
  expect(sarifLog([{ ...finding, message }])).toMatchObject({
    runs: [{ results: [{ message: { text: `${text}. Fix: write spec:` } }] }],
  });
});

test("SARIF: no findings are a run without results", () => {
  expect(sarifLog([])).toMatchObject({ runs: [{ tool: { driver: { rules: [] } }, results: [] }] });
});
