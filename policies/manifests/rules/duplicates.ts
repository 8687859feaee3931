import type { Finding } from "../../findings.ts";
import type { Code } from "../codes.ts";
import { type Declared, fullName } from "../declared.ts";
import type { DeclaredTree } from "./tree.ts";
import { placeText } from "./words.ts";

/** One object per kind, namespace and name: of two declarations Git cannot say which is meant. */
export function namesAreUnique({ repeated }: DeclaredTree): Finding[] {
  return repeated.map(({ object, first }) => {
    const message = `${fullName(object.ref)} is declared twice; the first is at ${placeText(first.at)}`;
    const fix = "delete or rename one of the two; until then the first counts";
    return finding("duplicate-object", object, message, fix);
  });
}

/** Two EgressClusters cannot say of which one an object is: a tree belongs to one cluster. */
export function clusterIsDeclaredOnce({ objects }: DeclaredTree): Finding[] {
  const [first, ...others] = objects.filter((object) => object.kind === "EgressCluster");
  if (first === undefined) return [];
  return others
    .filter((other) => other.ref.name !== first.ref.name)
    .map((other) => {
      const message = `this tree already has the EgressCluster ${first.ref.name} (${placeText(first.at)})`;
      return finding("second-cluster", other, message, "keep one per tree; until then the first counts");
    });
}

/** On a file system that ignores case one of the two is lost in a checkout. */
export function pathsDifferByMoreThanCase({ files }: DeclaredTree): Finding[] {
  const first = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { path } of files) {
    const key = path.toLowerCase();
    const earlier = first.get(key) ?? path;
    first.set(key, earlier);
    if (earlier === path) continue;
    const message = `this file's name differs from ${earlier} only by case; some checkouts lose one of the two`;
    findings.push({
      code: "path-case",
      severity: "warning",
      message,
      fix: "rename one",
      file: path,
      line: 1,
      column: 1,
    });
  }
  return findings;
}

function finding(code: Code, { at, ref }: Declared, message: string, fix: string): Finding {
  return { code, severity: "error", message, fix, ...at, object: ref };
}
