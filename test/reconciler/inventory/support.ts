import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { View } from "../../../policies/view.ts";
import { ViewCollector } from "../../../reconciler/inventory/collect.ts";
import { readInventory } from "../../../reconciler/inventory/file.ts";
import { readObjects } from "../../../reconciler/inventory/objects.ts";
import type { InventoryProblem } from "../../../reconciler/inventory/problem.ts";

/** @param sizes of the chunks, over and over. */
export async function objectsOf(content: string | Buffer, sizes: readonly number[] = [1024]): Promise<unknown[]> {
  const objects: unknown[] = [];
  await readObjects(inChunks(Buffer.from(content), sizes), (object) => objects.push(object));
  return objects;
}

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** The view, or the problem and its place, of a file that is read in chunks of three bytes. */
export async function viewInSmallChunks(content: string | Buffer): Promise<View | string> {
  const collector = new ViewCollector(undefined);
  try {
    await readObjects(inChunks(Buffer.from(content), [3]), (object, place) => collector.add(object, place));
    return collector.view();
  } catch (error) {
    const { message, place } = error as InventoryProblem;
    return `FILE${place === undefined ? "" : `:${place.line}:${place.column}`}: ${message}`;
  }
}

/** The view, or in its place the one line that says why there is none, with the file called FILE. */
export async function viewOf(content: string | Buffer): Promise<View | string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "inventory-"));
  const file = join(folder.path, "inventory");
  await writeFile(file, content);
  return await readInventory(file).catch((error: Error) => error.message.replaceAll(file, "FILE"));
}

export const NODE = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "worker1" },
  status: {
    addresses: [{ type: "InternalIP", address: "192.168.1.1" }],
    conditions: [{ type: "Ready", status: "True" }],
  },
};

export const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team: "a" } } };

export function podObject(name: string, fields: { metadata?: object; spec?: object; status?: object } = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", uid: `uid-${name}`, labels: { app: name }, ...fields.metadata },
    spec: { nodeName: "worker1", ...fields.spec },
    status: { phase: "Running", podIP: "10.10.1.5", podIPs: [{ ip: "10.10.1.5" }], ...fields.status },
  };
}

export const list = (...items: readonly unknown[]): object => ({
  apiVersion: "v1",
  items,
  kind: "List",
  metadata: { resourceVersion: "" },
});
