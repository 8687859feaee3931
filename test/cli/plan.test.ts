/** The commands on a real repository: which commits are compared, where addresses start, and the exit codes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nothingBefore } from "../../policies/model.ts";
import { statePage } from "../../reconciler/status/state.ts";
import { runGit, TestRepository } from "../reconciler/repository.ts";

const sallyport = fileURLToPath(new URL("../../cli/sallyport.js", import.meta.url));

const common = `
kind: EgressCluster
apiVersion: sallyport.dev/v1alpha1
metadata: {name: prod}
spec: {nodeSubnets: [192.168.1.0/24], podCIDRs: [10.10.0.0/16]}
---
kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata: {namespace: kube-system, name: default}
spec: {floatingIPs: [192.168.1.100]}
`;
const policy = (name: string, to: string) => `
kind: EgressNATPolicy
apiVersion: networking.gke.io/v1
metadata: {name: ${name}}
spec:
  sources: [{namespaceSelector: {}, podSelector: {}}]
  action: SNAT
  destinations: [{cidr: ${to}}]
  gatewayRef: {namespace: kube-system, name: default}
`;
const node = (i: number) => ({
  kind: "Node",
  metadata: { name: `worker${i}` },
  status: {
    addresses: [{ type: "InternalIP", address: `192.168.1.${i}` }],
    conditions: [{ type: "Ready", status: "True" }],
  },
});
const namespace = { kind: "Namespace", metadata: { name: "web" } };
const pod = {
  kind: "Pod",
  metadata: { namespace: "web", name: "a", uid: "1" },
  spec: { nodeName: "worker1" },
  status: { phase: "Running", podIPs: [{ ip: "10.10.1.5" }] },
};

let folder = "";
let repository: TestRepository;
let inventory = "";
const commits = { first: "", feature: "", main: "" };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sallyport-plan-"));
  inventory = join(folder, "cluster.json");
  await writeFile(inventory, JSON.stringify({ kind: "List", items: [node(1), node(2), namespace, pod] }));
  repository = await TestRepository.create();
  commits.first = await repository.commit({ "prod/cluster.yaml": common });
  await repository.git("checkout", "--quiet", "-b", "feature");
  commits.feature = await repository.commit({ "prod/a.yaml": policy("a", "8.8.8.0/24") }, "Policy a", "feature");
  await repository.git("checkout", "--quiet", "-b", "broken");
  await repository.commit({ "prod/a.yaml": policy("a", "8.8.8.0/33") }, "Mistake", "broken");
  await repository.git("checkout", "--quiet", "main");
  commits.main = await repository.commit({ "prod/cluster.yaml": `${common}# reviewed\n` }, "Others' work");
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  return execa("node", [sallyport, ...args], { reject: false, cwd: folder });
}

function plan(...args: string[]) {
  return run("plan", "--repo", repository.worktree, "--path", "prod", "--inventory", inventory, ...args);
}

async function planned(...args: string[]) {
  const { stdout, exitCode } = await plan("--json", ...args);
  return { ...JSON.parse(stdout), exitCode };
}

describe("which commits are compared", () => {
  test("the last one with its parent", async () => {
    expect(await planned()).toMatchObject({
      base: commits.first,
      head: commits.main,
      notes: [],
      pods: [],
      exitCode: 0,
    });
  });

  test("a branch with where it left the base, so that others' work is not told as undone", async () => {
    expect(await planned("--base", "main", "--head", commits.feature)).toMatchObject({
      base: commits.first,
      head: commits.feature,
      notes: ["main has 1 commit more since the head branched off; what they change is not told here"],
      policies: [{ name: "a", before: null, after: "active" }],
      pods: [{ namespace: "web", name: "a", before: "192.168.1.1", after: "192.168.1.100", policy: "a" }],
      exitCode: 1,
    });
  });

  test("the first commit with nothing", async () => {
    const { base, floatingIPs, exitCode } = await planned("--head", commits.first);
    expect({ base, floatingIPs, exitCode }).toMatchObject({
      base: null,
      floatingIPs: [{ to: "worker1" }],
      exitCode: 1,
    });
  });

  test("histories that share nothing", async () => {
    await repository.git("checkout", "--quiet", "--orphan", "other");
    await repository.git("commit", "--quiet", "--allow-empty", "-m", "Other");
    await repository.git("checkout", "--quiet", "main");
    expect((await planned("--base", "other", "--head", "main")).notes).toEqual([
      "other and main have no commit in common",
    ]);
  });

  test("a shallow clone says what to fetch", async () => {
    const clone = join(folder, "shallow");
    await runGit(["clone", "--quiet", "--depth=1", `file://${repository.bare}`, clone]);
    const { stderr, exitCode } = await run("plan", "--repo", clone, "--inventory", inventory);
    expect(stderr).toBe(
      `sallyport: ${clone}: this shallow clone lacks the parent of HEAD; git fetch --unshallow gets it`,
    );
    expect(exitCode).toBe(3);
  });
});

describe("where the floating IPs start", () => {
  const stored = (ip: string, holder: string) =>
    statePage({
      cluster: "prod",
      applied: commits.first,
      previous: {
        ...nothingBefore,
        allocations: [{ ip, id: 7, node: holder }],
        holders: [{ ip, id: 7, nodes: [holder] }],
        lastId: 7,
      },
    });

  async function withStatus(branches: Readonly<Record<string, string>>, check: () => Promise<void>): Promise<void> {
    for (const [ref, text] of Object.entries(branches)) {
      const blob = await runGit(["-C", repository.worktree, "hash-object", "-w", "--stdin"], text);
      const tree = await runGit(["-C", repository.worktree, "mktree"], `100644 blob ${blob}\tstate.json\n`);
      await repository.git("update-ref", ref, await repository.git("commit-tree", tree, "-m", "Status"));
    }
    try {
      await check();
    } finally {
      for (const ref of Object.keys(branches)) await repository.git("update-ref", "-d", ref);
    }
  }

  test("without a status branch they are planned anew", async () => {
    expect((await planned()).allocation).toEqual({ kind: "new", reason: "there is no status branch" });
  });

  test("where the status branch has them, fetched or local", async () => {
    for (const ref of ["refs/heads/sallyport/status/prod", "refs/remotes/origin/sallyport/status/prod"]) {
      await withStatus({ [ref]: stored("192.168.1.100", "worker2") }, async () => {
        const { allocation, floatingIPs } = await planned("--drain", "worker2");
        expect(allocation).toMatchObject({ kind: "stored", branch: "sallyport/status/prod" });
        expect(floatingIPs).toMatchObject([{ kind: "move", from: "worker2", to: "worker1" }]);
      });
    }
  });

  test("a state that cannot be believed is not believed", async () => {
    await withStatus({ "refs/heads/sallyport/status/prod": "{}" }, async () => {
      expect((await planned()).allocation).toMatchObject({
        kind: "new",
        reason: expect.stringMatching(/state\.json .* is not believed/),
      });
    });
  });

  test("with status branches of several clusters one must be named", async () => {
    const state = stored("192.168.1.100", "worker2");
    const branches = { "refs/heads/sallyport/status/dev": state, "refs/heads/sallyport/status/prod": state };
    await withStatus(branches, async () => {
      expect((await planned()).allocation.reason).toBe(
        "there are status branches of dev, prod: choose one with --cluster",
      );
      expect((await planned("--cluster", "prod")).allocation.kind).toBe("stored");
    });
  });
});

describe("exit codes", () => {
  test.each([
    { name: "no effect", args: [], code: 0, says: /No effect on traffic/ },
    { name: "some effect", args: ["--head", "feature"], code: 1, says: /1 policy becomes Ready/ },
    { name: "rejected", args: ["--head", "broken"], code: 2, says: /would be rejected: 1 error/ },
    {
      name: "no such node",
      args: ["--drain", "worker7"],
      code: 2,
      says: /no node worker7; there are worker1 and worker2/,
    },
    { name: "two formats", args: ["--json", "--markdown"], code: 2, says: /cannot be used with/ },
    { name: "no such revision", args: ["--head", "nowhere"], code: 3, says: /there is no revision nowhere; .*fetch/ },
    { name: "no repository", args: ["--repo", "/"], code: 3, says: /not a git repository/ },
    { name: "no inventory", args: ["--inventory", "/none.json"], code: 3, says: /\/none\.json/ },
  ])("$name: $code", async ({ args, code, says }) => {
    const { exitCode, all } = await execa(
      "node",
      [sallyport, "plan", "--repo", repository.worktree, "--path", "prod", "--inventory", inventory, ...args],
      { reject: false, all: true },
    );
    expect(all).toMatch(says);
    expect(all).not.toContain("\u001b"); // no colour where there is no terminal
    expect(all).not.toContain("at file:"); // no stack
    expect(exitCode).toBe(code);
  });
});

test("a drain is previewed without a change in Git", async () => {
  const { base, head, drain, floatingIPs, exitCode } = await planned("--drain", "worker1");
  expect({ base, drain, exitCode }).toEqual({ base: head, drain: ["worker1"], exitCode: 1 });
  expect(floatingIPs[0].reason).toBe("192.168.1.100 moves from worker1 to worker2: worker1 is drained");
});

describe("explain", () => {
  const explain = (to: string, ...args: string[]) =>
    run("explain", "--inventory", inventory, "--pod", "web/a", "--to", to, ...args);

  beforeAll(async () => {
    await writeFile(join(folder, "policy.yaml"), `${common}---${policy("a", "8.8.8.0/24")}`);
    await writeFile(join(folder, "broken.yaml"), policy("a", "8.8.8.0/33"));
  });

  test("says who decides, and where it stands", async () => {
    const { stdout, exitCode } = await explain("8.8.8.8:53", "policy.yaml");
    expect(exitCode).toBe(0);
    await expect(stdout.replaceAll(folder, "FOLDER")).toMatchFileSnapshot("golden/explain.txt");
  });

  test("as JSON", async () => {
    expect(JSON.parse((await explain("8.8.8.8:53", "--json", "policy.yaml")).stdout)).toMatchObject({
      verdict: "egress",
      policy: "a",
      sourceIP: "192.168.1.100",
      gatewayNode: "worker1",
      port: 53,
      destination: "8.8.8.8",
      allocation: { kind: "new" },
      policies: [{ name: "a", decides: true, at: { file: "policy.yaml", line: 18 } }],
    });
  });

  test.each([
    { to: "[2001:db8::1]:443", path: "policy.yaml", code: 0, says: /No traffic: the pod has no IPv6 address/ },
    { to: "2001:db8::1", path: "policy.yaml", code: 0, says: /No traffic/ },
    { to: "8.8.8.8:0", path: "policy.yaml", code: 2, says: /write IP, IP:PORT or \[IPv6\]:PORT/ },
    { to: "example.com", path: "policy.yaml", code: 2, says: /write IP/ },
    { to: "8.8.8.8", path: "broken.yaml", code: 2, says: /broken\.yaml:\d+:\d+: error: / },
    { to: "8.8.8.8", path: "none.yaml", code: 2, says: /there is no file or folder none\.yaml/ },
  ])("$to with $path: $code", async ({ to, path, code, says }) => {
    const { stdout, stderr, exitCode } = await explain(to, path);
    expect(stdout + stderr).toMatch(says);
    expect(exitCode).toBe(code);
  });
});
