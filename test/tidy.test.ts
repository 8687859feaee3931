/** The repository checks itself: the planning core stays pure, and folders import only what the layout allows. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { violations } from "./tidy/borders.ts";

const root = new URL("..", import.meta.url).pathname;
const files = globSync("{policies,reconciler,nodeagent,hooks,cli,test}/**/*.ts", { cwd: root });

test("no file crosses a border or makes the core impure", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.flatMap((file) => violations(file, readFileSync(`${root}/${file}`, "utf8")))).toEqual([]);
});

test.each([
  ["policies/a.ts", 'import { x } from "./b.ts";\nimport type { Y } from "../policies/rules/y.ts";', []],
  ["policies/a.ts", 'import { load } from "js-yaml";\nimport { z } from "zod";', []],
  ["policies/a.ts", '\nimport { readFileSync } from "node:fs";', ["2: imports node:fs"]],
  ["policies/a.ts", 'import "node:fs";', ["1: imports node:fs"]],
  ["policies/a.ts", 'export * from "execa";', ["1: imports execa"]],
  ["policies/a.ts", 'const x = await import("node:fs");', ["1: imports node:fs"]],
  ["policies/a.ts", "const x = await import(`node:fs`);", ["1: imports what is computed"]],
  ["policies/rules/a.ts", 'import { x } from "../../reconciler/x.ts";', ["1: imports reconciler/x.ts"]],
  ["policies/a.ts", "const now = Date.now();", ["1: uses Date"]],
  ["policies/a.ts", "const x = Math.random() + Math.max(1, 2);", ["1: uses random"]],
  ["policies/a.ts", "const x = `\u0024{`}` + process.env.HOME}`;", ["1: uses process"]],
  ["policies/a.ts", "const x = { ...process };", ["1: uses process"]],
  ["policies/a.ts", "import.meta.dirname;", ["1: uses import.meta"]],
  ["policies/a.ts", "a.localeCompare(b);", ["1: uses localeCompare"]],
  ["policies/a.ts", '// Date\n/* fetch */ const x = "process" + `console \u0024{1}` + step.process;', []],
  ["policies/a.ts", 'const quote = /["\'`/]/; const x = 4 / 2; // from "node:fs"', []],
  ["policies/a.ts", "const r = /`/;\nsetTimeout(f, a / b / c);", ["2: uses setTimeout"]],
  ["policies/a.ts", "const text = 'import { x } from \"node:fs\"';", []],
  ["nodeagent/a.ts", 'import type { NodeState } from "../policies/nodestate.ts";', []],
  ["nodeagent/a.ts", 'import { x } from "../policies/nodestate.ts";', ["1: imports policies/nodestate.ts"]],
  ["nodeagent/a.ts", 'import type { Plan } from "../policies/plan.ts";', ["1: imports policies/plan.ts"]],
  ["nodeagent/lease/a.ts", "const now = performance.now();", ["1: uses performance"]],
  ["nodeagent/a.ts", 'import { execa } from "execa";', []],
  ["reconciler/a.ts", 'import { plan } from "../policies/plan.ts";', []],
  ["reconciler/a.ts", 'import { x } from "../nodeagent/x.ts";', ["1: imports nodeagent/x.ts"]],
  ["reconciler/a.ts", 'import { x } from "../test/lab/x.ts";', ["1: imports test/lab/x.ts"]],
  ["hooks/a.ts", 'import { x } from "../reconciler/source/x.ts";', []],
  ["hooks/a.ts", 'import { x } from "../reconciler/loop.ts";', ["1: imports reconciler/loop.ts"]],
  ["cli/a.ts", 'import { up } from "../test/lab/lab.ts";', []],
])("the check sees in %s: %s", (path, text, expected) => {
  expect(violations(path, text)).toEqual(expected.map((what) => `${path}:${what}`));
});
