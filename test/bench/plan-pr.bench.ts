/**
 * What a reviewer waits for: `sallyport plan` of a pull request that changes one of 2,000 manifests, as a cold process
 * beside `git cat-file` of the same blobs and an empty Node process; and within a running process, where the base is
 * planned and all but the changed file parsed already. Then the effect alone, for 150,000 pods.
 *
 *     node test/bench/plan-pr.bench.ts [MANIFESTS]
 */
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { effect } from "../../policies/effect/effect.ts";
import type { Intent } from "../../policies/intent.ts";
import { parseFile } from "../../policies/manifests/parse.ts";
import { assemble } from "../../policies/manifests/read.ts";
import { mergeFindings } from "../../policies/merge-findings.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import type { View } from "../../policies/view.ts";
import { openLocalRepository } from "../../reconciler/source/local.ts";
import { TestRepository } from "../reconciler/repository.ts";
import { makeManifests } from "./manifests.ts";
import { buildPackage, elapsedMs, median, ROOT } from "./measure.ts";
import { makeWorld } from "./world.ts";

const ROUNDS = 9;
const CLUSTERS = [
  { nodes: 50, pods: 1_000 },
  { nodes: 500, pods: 20_000 },
];
async function medianMs(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await elapsedMs(run));
  return median(times);
}

const tell = (what: string, ms: number, note = ""): void =>
  console.log(`${what.padEnd(52)} ${ms.toFixed(1)} ms ${note}`);

await using work = await mkdtempDisposable(join(tmpdir(), "plan-pr-bench-"));
await using repository = await TestRepository.create();
const manifests = makeManifests(Number(process.argv[2] ?? 2_000));
const base = await repository.commit(Object.fromEntries(manifests.map(({ path, text }) => [path, text])));
const text = manifests.find(({ path }) => path === "policy-5.yaml")?.text ?? "";
const head = await repository.commit({ "policy-5.yaml": text.replace("30.5.0.0/16", "30.5.0.0/17") });

const programs = { "from sources": join(ROOT, "cli/sallyport.js"), "from the package": await buildPackage(work.path) };

const listing = await repository.git("ls-tree", "-r", head);
const blobs = listing.split("\n").map((line) => line.split(/\s/)[2]);
const catFile = () =>
  execa("git", ["-C", repository.worktree, "cat-file", "--batch"], { input: `${blobs.join("\n")}\n` });
tell("git cat-file of the blobs", await medianMs(catFile));
tell("node -e 0", await medianMs(() => execa(process.execPath, ["-e", "0"])));

for (const size of CLUSTERS) {
  const view = withRole(makeWorld({ ...size, policies: 0, floatingIPs: 0 }).view);
  const inventory = join(work.path, `${size.pods}.json`);
  await writeFile(inventory, JSON.stringify({ kind: "List", items: kubernetesObjects(view) }));
  for (const [kind, program] of Object.entries(programs)) {
    const args = [program, "plan", "--repo", repository.worktree, "--inventory", inventory];
    const cold = await medianMs(() => execa(process.execPath, args, { reject: false }));
    tell(`plan, ${kind}, ${size.pods} pods on ${size.nodes} nodes`, cold);
  }

  const local = openLocalRepository(repository.worktree);
  const parsed = new Map<string, ReturnType<typeof parseFile>>();
  const read = async (oid: string) => {
    const tree = await local.read(oid);
    if (tree.kind === "failed") throw new Error(tree.message);
    return assemble(
      tree.files.map((file) => {
        const key = `${file.blobId} ${file.path}`;
        const known = parsed.get(key) ?? parseFile(file);
        parsed.set(key, known);
        return known;
      }),
    );
  };
  const { intent } = await read(base);
  const before = { intent: intent as Intent, view, plan: plan(intent as Intent, view, nothingBefore) };
  const steps = { read: [] as number[], plan: [] as number[], effect: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const reading = await read(head);
    const readAt = performance.now();
    const planned = plan(reading.intent as Intent, view, before.plan.next);
    mergeFindings(reading, planned.findings);
    const plannedAt = performance.now();
    effect(before, { intent: reading.intent as Intent, view, plan: planned });
    steps.read.push(readAt - start);
    steps.plan.push(plannedAt - readAt);
    steps.effect.push(performance.now() - plannedAt);
  }
  const [reading, planning, comparing] = [median(steps.read), median(steps.plan), median(steps.effect)];
  const note = `(read ${reading.toFixed(0)}, plan ${planning.toFixed(0)}, effect ${comparing.toFixed(0)})`;
  tell(`within a running process, ${size.pods} pods`, reading + planning + comparing, note);
}

const world = makeWorld({ nodes: 5_000, pods: 150_000, policies: 10_000, floatingIPs: 2_000 });
const first = plan(world.intent, world.view, nothingBefore);
const [changedPolicy, ...others] = world.intent.policies;
const oneChanged = { ...world.intent, policies: [{ ...changedPolicy, destinations: [] }, ...others] } as Intent;
const second = plan(oneChanged, world.view, first.next);
const compare = () =>
  effect(
    { intent: world.intent, view: world.view, plan: first },
    { intent: oneChanged, view: world.view, plan: second },
  );
tell(
  "effect of one policy, 150000 pods on 5000 nodes",
  await medianMs(compare),
  `(${compare().pods.length} pods change)`,
);
tell("a full plan of the same, beside it", await medianMs(() => plan(oneChanged, world.view, first.next)));

/** The role that the manifests' policies select. */
function withRole(view: View): View {
  return { ...view, pods: view.pods.map((pod) => ({ ...pod, labels: { ...pod.labels, role: "frontend" } })) };
}

function kubernetesObjects({ nodes, namespaces, pods }: View): object[] {
  return [
    ...nodes.map(({ name, internalIPs, labels }) => ({
      kind: "Node",
      metadata: { name, labels },
      status: {
        addresses: internalIPs.map((address) => ({ type: "InternalIP", address })),
        conditions: [{ type: "Ready", status: "True" }],
      },
    })),
    ...namespaces.map(({ name, labels }) => ({ kind: "Namespace", metadata: { name, labels } })),
    ...pods.map(({ namespace, name, uid, node, ips, labels }) => ({
      kind: "Pod",
      metadata: { namespace, name, uid, labels },
      spec: { nodeName: node },
      status: { phase: "Running", podIPs: ips.map((ip) => ({ ip })) },
    })),
  ];
}
