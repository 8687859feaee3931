/** Golden plans: read them as an operator or a reviewer would. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { planDocument } from "../../cli/plan/document.ts";
import { planReport } from "../../cli/plan/report.ts";
import { markdownReport } from "../../cli/report/markdown.ts";
import { textReport } from "../../cli/report/text.ts";
import { preview } from "../../policies/preview.ts";
import { readScenario, type Scenario, scenarios } from "./scenarios.ts";

const notATerminal = new PassThrough() as unknown as NodeJS.WriteStream;

function reportOf(scenario: Scenario) {
  const compared = {
    base: scenario.base === "" ? null : "1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d5e6f1a2b",
    head: "9f8e7d6c5b4a9f8e7d6c5b4a9f8e7d6c5b4a9f8e",
    notes: [],
    allocation:
      scenario.base === ""
        ? ({ kind: "new", reason: "there is no status branch" } as const)
        : ({
            kind: "stored",
            branch: "sallyport/status/prod",
            commit: "0123456789ab0123456789ab0123456789ab0123",
          } as const),
    drain: scenario.drain ?? [],
  };
  return planReport(planDocument(compared, preview(readScenario(scenario))));
}

test.each(scenarios)("$name", async (scenario) => {
  const report = reportOf(scenario);
  await expect(textReport(report, notATerminal)).toMatchFileSnapshot(`golden/${scenario.name}.txt`);
  await expect(markdownReport(report)).toMatchFileSnapshot(`golden/${scenario.name}.md`);
});
