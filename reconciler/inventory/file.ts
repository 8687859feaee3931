/**
 * A cluster described by a file: what `kubectl get nodes,namespaces,pods -A -o json` (or `-o yaml`) prints. For offline
 * plans, and for a reconciler that has no API server to ask.
 */
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { loadAll } from "js-yaml";
import type { NamespaceView, NodeView, PodView, View } from "../../policies/view.ts";
import { projectObject } from "./project.ts";

/** Changes to the file are gathered this long: writers touch a file several times. */
const SETTLE_MS = 20;

export interface Inventory {
  /** The last view that could be read. */
  view(): View;
  /** Why the newest state could not be read, in one line; undefined while all is well. */
  problem(): string | undefined;
  close(): void;
}

/**
 * @param text A List, a single object, or several YAML documents of either.
 * @throws Error with one line when the text is neither JSON nor YAML.
 */
function parseInventory(text: string): View {
  const nodes: NodeView[] = [];
  const namespaces: NamespaceView[] = [];
  const pods: PodView[] = [];
  for (const object of documents(text).flatMap(expandList)) {
    const projected = projectObject(object);
    if (projected?.kind === "Node") nodes.push(projected.node);
    else if (projected?.kind === "Namespace") namespaces.push(projected.namespace);
    else if (projected?.kind === "Pod") pods.push(projected.pod);
  }
  return { nodes, namespaces, pods };
}

/** @throws Error with one line naming the file when it cannot be read. */
export async function readInventory(file: string): Promise<View> {
  try {
    const view = parseInventory(await readFile(file, "utf8"));
    if (view.nodes.length === 0)
      throw new Error("holds no Node; print it with `kubectl get nodes,namespaces,pods -A -o json`");
    return view;
  } catch (cause) {
    throw new Error(`${file}: ${firstLine(cause)}`, { cause });
  }
}

/**
 * Reads the file and follows it. A version that cannot be read changes nothing: the last view stays and `problem` says
 * why.
 * @param onChange called after the view or the problem changed.
 * @throws when the first read fails.
 */
export async function watchInventory(file: string, onChange: () => void): Promise<Inventory> {
  let view = await readInventory(file);
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const reread = async (): Promise<void> => {
    try {
      view = await readInventory(file);
      problem = undefined;
    } catch (error) {
      problem = firstLine(error);
    }
    onChange();
  };
  // The folder is watched, not the file: writers rename a new file into place.
  const watcher: FSWatcher = watch(dirname(file), (_event, name) => {
    if (name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(reread, SETTLE_MS);
  });
  return {
    view: () => view,
    problem: () => problem,
    close: () => {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

function documents(text: string): unknown[] {
  if (text.trimStart().startsWith("{")) return [JSON.parse(text)];
  return loadAll(text);
}

function expandList(object: unknown): unknown[] {
  const items = (object as { items?: unknown } | null)?.items;
  return Array.isArray(items) ? items : [object];
}

const firstLine = (error: unknown): string => String((error as Error)?.message ?? error).split("\n")[0] as string;
