import { appendFile, mkdtempDisposable, open, rename, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readInventoryFile } from "../../../reconciler/inventory/file.ts";
import { whileUnchanged } from "../../../reconciler/inventory/unchanged.ts";
import { watchInventory } from "../../../reconciler/inventory/watch.ts";
import { list, NAMESPACE, NODE, podObject } from "./support.ts";

const [cart, shop, web] = [podObject("cart"), podObject("shop"), podObject("web")];

async function inventoryFile() {
  const folder = await mkdtempDisposable(join(tmpdir(), "inventory-"));
  const path = join(folder.path, "inventory.json");
  return {
    path,
    put: async (...items: readonly unknown[]) => {
      await writeFile(`${path}.new`, JSON.stringify(list(...items)));
      await rename(`${path}.new`, path);
    },
    write: (text: string) => writeFile(path, text),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("what is unchanged is the same object", () => {
  test.each([
    { name: "nothing changed", now: [NODE, NAMESPACE, cart, shop], same: ["view", "nodes", "namespaces", "pods"] },
    {
      name: "only what no view shows",
      now: [
        { ...NODE, status: { ...NODE.status, images: [1] } },
        NAMESPACE,
        cart,
        podObject("shop", { status: { qosClass: "Burstable" } }),
      ],
      same: ["view", "nodes", "namespaces", "pods"],
    },
    {
      name: "labels in another order",
      now: [NODE, { ...NAMESPACE, metadata: { labels: { team: "a" }, name: "shop" } }, cart, shop],
      same: ["view", "nodes", "namespaces", "pods"],
    },
    {
      name: "a pod changed",
      now: [NODE, NAMESPACE, cart, podObject("shop", { status: { podIPs: [{ ip: "10.10.1.6" }] } })],
      same: ["nodes", "namespaces", "pod cart"],
    },
    {
      name: "a pod was replaced by one of the same name",
      now: [NODE, NAMESPACE, cart, podObject("shop", { metadata: { uid: "new" } })],
      same: ["nodes", "namespaces", "pod cart"],
    },
    {
      name: "a pod came",
      now: [NODE, NAMESPACE, cart, shop, web],
      same: ["nodes", "namespaces", "pod cart", "pod shop"],
    },
    { name: "a pod went", now: [NODE, NAMESPACE, shop], same: ["nodes", "namespaces", "pod shop"] },
    {
      name: "another order",
      now: [shop, cart, NAMESPACE, NODE],
      same: ["nodes", "namespaces", "pod cart", "pod shop"],
    },
    {
      name: "a node was cordoned",
      now: [{ ...NODE, spec: { unschedulable: true } }, NAMESPACE, cart, shop],
      same: ["namespaces", "pods", "pod cart", "pod shop"],
    },
    {
      name: "a namespace has another label",
      now: [NODE, { ...NAMESPACE, metadata: { name: "shop", labels: { team: "b" } } }, cart, shop],
      same: ["nodes", "pods", "pod cart", "pod shop"],
    },
  ])("$name", async ({ now, same }) => {
    await using file = await inventoryFile();
    await file.put(NODE, NAMESPACE, cart, shop);
    const before = await readInventoryFile(file.path);
    await file.put(...now);
    const after = await readInventoryFile(file.path, before);
    expect(after).toEqual(await readInventoryFile(file.path));
    const part = (view: typeof before): Record<string, unknown> => ({
      view,
      ...view,
      ...Object.fromEntries(view.pods.map((pod) => [`pod ${pod.name}`, pod])),
    });
    const [was, is] = [part(before), part(after)];
    const kept = Object.keys(was).filter((key) => is[key] === was[key]);
    const podsAreListed = !same.includes("pods") || same.includes("pod cart");
    const expected = podsAreListed ? same : [...same, "pod cart", "pod shop"];
    expect(kept.toSorted()).toEqual(expected.toSorted());
  });

  test("pods share equal labels, workloads, and the names of their nodes", async () => {
    await using file = await inventoryFile();
    const owned = { labels: { app: "cart" }, ownerReferences: [{ kind: "DaemonSet", name: "cart", controller: true }] };
    await file.put(NODE, NAMESPACE, podObject("a", { metadata: owned }), podObject("b", { metadata: owned }));
    const [a, b] = (await readInventoryFile(file.path)).pods;
    expect(a?.labels).toBe(b?.labels);
    expect(a?.workload).toBe(b?.workload);
    expect(a?.workload).toEqual({ kind: "DaemonSet", name: "cart" });
  });
});

describe("a file that changes while it is read", () => {
  test.each([
    { name: "shrinks", change: (file: string) => truncate(file, 3) },
    {
      name: "grows, and what was read is no inventory",
      change: (file: string) => appendFile(file, "{"),
      read: "refused",
    },
  ])("is refused: it $name", async ({ change, read }) => {
    await using file = await inventoryFile();
    await file.put(NODE, NAMESPACE);
    await using handle = await open(file.path);
    const reading = whileUnchanged(handle, async () => {
      await change(file.path);
      if (read === "refused") throw new Error("no inventory");
    });
    await expect(reading).rejects.toThrow("changed while it was read; write another file and rename it into place");
  });

  test("may be replaced by another one", async () => {
    await using file = await inventoryFile();
    await file.put(NODE, NAMESPACE);
    await using handle = await open(file.path);
    expect(await whileUnchanged(handle, () => file.put(NODE, NAMESPACE, cart).then(() => "the old one"))).toBe(
      "the old one",
    );
  });
});

describe("a file that is followed", () => {
  /** Each call of `onChange` is one value. */
  function changes() {
    const { readable, writable } = new TransformStream<void, void>({}, { highWaterMark: 100 }, { highWaterMark: 100 });
    const [writer, reader] = [writable.getWriter(), readable.getReader()];
    return { told: () => void writer.write(), next: () => reader.read() };
  }

  test("tells of changes, keeps the last good view, and is quiet when nothing changed", async () => {
    await using file = await inventoryFile();
    await file.put(NODE, NAMESPACE, cart);
    const { told, next } = changes();
    const inventory = await watchInventory(file.path, told);
    try {
      const first = inventory.view();
      await file.write('{"kind": "List", "items": [{');
      await next();
      expect(inventory.problem()).toMatch(
        /inventory\.json:1:29: the file ends within a document: it was cut short; print it/,
      );
      expect(inventory.view()).toBe(first);

      await file.put(NODE, NAMESPACE, cart);
      await next();
      expect(inventory.problem()).toBeUndefined();
      expect(inventory.view()).toBe(first);

      await file.put(NODE, NAMESPACE, cart, web);
      await next();
      expect(inventory.view().pods.map((pod) => pod.name)).toEqual(["cart", "web"]);
      expect(inventory.view().pods[0]).toBe(first.pods[0]);
    } finally {
      inventory.close();
    }
  });

  test("must be there at first", async () => {
    await expect(watchInventory("/nowhere/inventory.json", () => {})).rejects.toThrow("no such file or directory");
  });
});
