// Three agents as processes, a lease ordered for three addresses that nobody ever held, pods on every node
import { expect, test } from "vitest";
import type { Proof } from "../../../nodeagent/lease/io.ts";
import { runInside } from "../private.ts";

interface Started {
  readonly holders: readonly string[];
  readonly seen: Readonly<Record<string, readonly string[]>>;
  readonly held: Readonly<
    Record<string, readonly { readonly ip: string; readonly epoch: number; readonly proof: Proof }[]>
  >;
  readonly configured: Readonly<Record<string, readonly string[]>>;
  readonly errors: readonly string[];
}

test("every address gets exactly one holder, and packets of pods on all nodes leave with it", async () => {
  const floating = ["192.168.1.100", "192.168.1.101", "192.168.1.102"];
  const { seen, held, configured, errors } = await runInside<Started>("leasing/start.inside.ts", 40_000);
  expect(errors).toEqual([]);
  expect(seen).toEqual({ worker1: floating, worker2: floating, worker3: floating });
  const all = Object.values(held).flat();
  expect(all.map(({ ip }) => ip).sort()).toEqual(floating);
  // On a machine so busy that an agent misses its heartbeats, another candidate takes over.
  for (const { epoch, proof } of all) {
    expect(Object.keys(proof.grounds)).toEqual([epoch === 1 ? "new" : "expired"]);
    expect(proof.witnesses).toBe(3);
  }
  for (const [node, addresses] of Object.entries(held)) {
    expect(configured[node], node).toEqual(addresses.map(({ ip }) => ip));
  }
}, 45_000);
