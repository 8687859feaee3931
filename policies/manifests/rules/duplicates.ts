import type { Finding } from "../../findings.ts";
import type { Declared, ParsedFile } from "../declared.ts";
import { placeText } from "./words.ts";

/** One object per kind, namespace and name: of two declarations Git cannot say which is meant. */
export function namesAreUnique(files: readonly ParsedFile[]): Finding[] {
  const first = new Map<string, Declared>();
  return objectsOf(files).flatMap((object) => {
    const { kind, namespace, name } = object.ref;
    const full = namespace === undefined ? name : `${namespace}/${name}`;
    const key = `${kind}/${full}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, object);
      return [];
    }
    const message = `${kind} ${full} is declared twice; the first is at ${placeText(earlier.at)}.`;
    return finding(
      "duplicate-object",
      object,
      message,
      "Delete or rename one of the two; until then the first counts.",
    );
  });
}

/** Objects of two EgressClusters cannot be told apart by cluster: a tree belongs to one. */
export function clusterIsDeclaredOnce(files: readonly ParsedFile[]): Finding[] {
  const [first, ...others] = objectsOf(files).filter((object) => object.kind === "EgressCluster");
  return others
    .filter((other) => first !== undefined && other.ref.name !== first.ref.name)
    .map((other) => {
      const message = `A second EgressCluster, ${other.ref.name}; the first is ${first?.ref.name} at ${placeText(first?.at ?? other.at)}.`;
      return finding("second-cluster", other, message, "Keep one per tree; until then the first counts.");
    });
}

/** On a file system that ignores case one of the two is lost in a checkout. */
export function pathsDifferByMoreThanCase(files: readonly ParsedFile[]): Finding[] {
  const first = new Map<string, string>();
  return files.flatMap(({ path }) => {
    const key = path.toLowerCase();
    const earlier = first.get(key);
    if (earlier === undefined || earlier === path) {
      first.set(key, path);
      return [];
    }
    const message = `The name differs from ${earlier} only by case; many checkouts lose one of the two.`;
    return [
      { code: "path-case", severity: "warning", message, fix: "Rename one.", file: path, line: 1, column: 1 } as const,
    ];
  });
}

function objectsOf(files: readonly ParsedFile[]): Declared[] {
  return files.flatMap((file) => file.objects);
}

function finding(code: string, { at, ref }: Declared, message: string, fix: string): Finding {
  return { code, severity: "error", message, fix, ...at, object: ref };
}
