import { describe, expect, test } from "vitest";
import { markdownReport } from "../../cli/report/markdown.ts";
import type { Report, Section } from "../../cli/report/report.ts";

const empty: Report = { title: "Title", context: [], headline: "Headline.", tone: "good", sections: [], footer: "" };

function section(title: string, rows: readonly (readonly string[])[]): Section {
  const columns = [
    { title: "Name", kind: "name" },
    { title: "Why", kind: "text" },
  ] as const;
  return { title, columns, rows };
}

describe("names and messages stay text", () => {
  test.each([
    "@octocat",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "</details><script>",
    "`code` ends",
    "a|b|c",
    "line\nbreak\n\n# heading",
    "www.evil.example",
    "https://evil.example",
    "#123",
    "octo/repo#1",
    "a@evil.example",
    "&lt;b&gt; &#64;octocat",
    "$x^2$",
    "~~gone~~ **bold** _em_",
    "right-to-left \u202Etxt",
    "- item",
    "> quote",
  ])("%j", (hostile) => {
    const report = {
      ...empty,
      title: hostile,
      headline: hostile,
      footer: hostile,
      context: [[hostile, { name: hostile }]],
      sections: [{ ...section(hostile, [[hostile, hostile]]), note: hostile }],
    };
    // What is left when our own frame is taken away holds nothing that Markdown, HTML or a forge would act on.
    const page = markdownReport(report);
    const inside = page
      .replace(/^(### |#### |> )/gm, "")
      .replace(/^\| (Name \| Why|--- \| ---) \|$/gm, "")
      .replace(/^\| (.*) \|$/gm, (_, row: string) => row.split(" | ").join(" "))
      .replace(/<\/?(sub|code)>|\*\*/g, "")
      .replace(/&#\d+;/g, "");
    const withoutCode = inside.replace(/`[\w.:/,-]+( [\w.:/,-]+)*`/g, "");
    expect(withoutCode).not.toMatch(/[<>[\]`|@#*_~$\\]|:\/\/|www\.|\u202E/);
    expect(page.split("\n").length).toBe(
      markdownReport({
        ...report,
        sections: [section("x", [["y", "z"]])],
        title: "x",
        headline: "x",
        footer: "x",
        context: [["x"]],
      }).split("\n").length + 2,
    );
    // A forge reads an entity as the character before it looks for mentions and issues.
    const read = page.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
    expect(read.replace(/<code>.*?<\/code>/g, "")).not.toMatch(/@\w|#\d/);
  });
});

const rows = (count: number) => Array.from({ length: count }, (_, i) => [`name-${i}`, "because"]);

test("a long list is folded", () => {
  const page = markdownReport({ ...empty, sections: [section("Short", rows(3)), section("Long", rows(40))] });
  expect(page).toContain("#### Short\n\n| Name | Why |");
  expect(page).toContain("<details>\n<summary><b>Long (40 rows)</b></summary>\n\n| Name | Why |");
  expect(page.trimEnd()).toMatch(/<\/details>$/);
});

test("what is too long for a forge loses the ends of its longest lists, and says so", () => {
  const report = {
    ...empty,
    sections: [section("Short", rows(50)), section("Long", rows(20_000)), section("Longer", rows(30_000))],
  };
  const page = markdownReport(report);
  expect(page.length).toBeLessThanOrEqual(65_536);
  expect(page.length).toBeGreaterThan(60_000);
  expect(page).toContain("name-49"); // of the short one, all
  expect(page).not.toContain("and 0 more");
  expect(page).toMatch(/and 1\d,\d{3} more/);
  expect(page).toMatch(/and 2\d,\d{3} more/);
});

test("names as long as Kubernetes allows do not exceed the limit", () => {
  const long = Array.from({ length: 500 }, (_, i) => ["n".repeat(253), `${i}${"<".repeat(5_000)}`]);
  expect(markdownReport({ ...empty, sections: [section("Long", long)] }).length).toBeLessThanOrEqual(65_536);
});
