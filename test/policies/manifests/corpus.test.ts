import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readManifests } from "../../../policies/manifests/read.ts";
import { file } from "./files.ts";

// test/corpus/manifests is one tree of files as people write, paste and generate them; findings.txt is what is said
// about it. After a change of words: vitest -u, and read the difference.

const folder = new URL("../../corpus/manifests/", import.meta.url);

test("the corpus is read as it always was", async () => {
  const names = readdirSync(folder).filter((name) => name !== "findings.txt");
  const { intent, findings } = readManifests(names.map((name) => file(name, readFileSync(new URL(name, folder)))));
  const printed = findings.map(
    (one) => `${one.file}:${one.line}:${one.column}: ${one.severity}: ${one.message} (${one.code})\n  ${one.fix}`,
  );
  const read = [
    ...(intent?.groups ?? []).map(
      (group) => `group ${group.namespace}/${group.name}: ${group.floatingIPs.map(({ value }) => value)}`,
    ),
    ...(intent?.policies ?? []).map(
      ({ name, sources, destinations }) =>
        `policy ${name}: ${sources.length} sources, to ${destinations.map(({ value }) => value)}`,
    ),
    `cluster: ${JSON.stringify(intent?.cluster)}`,
  ];
  await expect([...printed, "", ...read, ""].join("\n")).toMatchFileSnapshot(new URL("findings.txt", folder).pathname);
});
