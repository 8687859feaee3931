import { describe, expect, test } from "vitest";
import { nothingBefore, type Previous, plan } from "../../policies/plan.ts";
import { readState, statePage, statePath } from "../../reconciler/status/state.ts";
import { group, intent, policy, view, worker } from "../policies/builders.ts";

const applied = "a".repeat(40);
const { next } = plan(
  intent([group("default", "192.168.1.100", "192.168.1.101")], [policy("alice", { via: "default" })]),
  view([worker(1), worker(2)]),
  nothingBefore,
);

const block = (node: string, firstPort: number, ports: number) => ({ node, firstPort, ports, retired: null });

describe("what was stored is read back", () => {
  test.each([
    { name: "a plan's memory", state: { cluster: "lab", applied, previous: next } },
    { name: "the start", state: { cluster: "lab", applied: null, previous: nothingBefore } },
  ])("$name", ({ state }) => {
    expect(readState(new Map([[statePath, statePage(state)]]), "lab")).toEqual({ kind: "state", state });
  });

  test("the plan's memory has something of everything, or the test above proves little", () => {
    const lists = [next.allocations, next.holders, Object.keys(next.policies), next.portBlocks];
    expect(lists.map((list) => list.length)).toEqual([2, 2, 1, 2]);
  });

  test("what was stored before there were modes is a stateful cluster's, without ports", () => {
    const { gatewayMode: _1, portBlocks: _2, lost: _3, ...earlier } = next;
    const text = JSON.stringify({ version: 1, cluster: "lab", applied, previous: earlier });
    const read = readState(new Map([[statePath, text]]), "lab");
    expect(read.kind === "state" ? read.state.previous : read).toEqual({
      ...next,
      ...{ gatewayMode: "stateful", portBlocks: [], lost: [] },
    });
  });

  test("no branch, no state", () => {
    expect(readState(undefined, "lab")).toEqual({ kind: "none" });
  });
});

describe("what Sallyport did not write is refused in one line", () => {
  const good = { version: 1, cluster: "lab", applied, previous: next };
  const [first] = next.allocations;
  const withPrevious = (change: Partial<Record<keyof Previous, unknown>>) => ({
    ...good,
    previous: { ...next, ...change },
  });

  test.each([
    { name: "another cluster's", document: { ...good, cluster: "prod" }, says: "it belongs to another cluster" },
    { name: "a later version's", document: { ...good, version: 2 }, says: "version: " },
    { name: "a field too many", document: { ...good, comment: "edited" }, says: "comment" },
    { name: "a field too few", document: { version: 1, cluster: "lab", applied }, says: "previous: " },
    { name: "an abbreviated commit", document: { ...good, applied: "abc123" }, says: "applied: " },
    {
      name: "an address that is none",
      document: withPrevious({ allocations: [{ ...first, ip: "192.168.1.300" }] }),
      says: "previous.allocations.0.ip: ",
    },
    {
      name: "an id out of range",
      document: withPrevious({ allocations: [{ ...first, id: 16_384 }] }),
      says: "previous.allocations.0.id: ",
    },
    {
      name: "an unknown state",
      document: withPrevious({ policies: { alice: { group: "a/b", state: "on", ip: null } } }),
      says: "previous.policies.alice.state: ",
    },
    {
      name: "an address in two rows",
      document: withPrevious({ allocations: [first, { ...first, id: 9 }] }),
      says: "192.168.1.100 occurs twice",
    },
    {
      name: "two nodes with common ports",
      document: withPrevious({ portBlocks: [block("a", 2048, 1024), block("b", 2560, 512)] }),
      says: "a and b share ports",
    },
    {
      name: "a node with two port blocks",
      document: withPrevious({ portBlocks: [block("a", 2048, 1024), block("a", 4096, 512)] }),
      says: "a has two port blocks",
    },
    {
      name: "a port block that is not aligned",
      document: withPrevious({ portBlocks: [block("a", 2304, 512)] }),
      says: "the port block of a is not aligned",
    },
    {
      name: "a port block of another size",
      document: withPrevious({ portBlocks: [block("a", 2048, 2048)] }),
      says: "previous.portBlocks.0.ports: ",
    },
    {
      name: "system ports",
      document: withPrevious({ portBlocks: [block("a", 0, 1024)] }),
      says: "previous.portBlocks.0.firstPort: ",
    },
    {
      name: "an unknown mode",
      document: withPrevious({ gatewayMode: "stateles" }),
      says: "previous.gatewayMode: ",
    },
    {
      name: "one id for two addresses",
      document: withPrevious({ allocations: [first, { ...first, ip: "192.168.1.109" }] }),
      says: "192.168.1.100 and 192.168.1.109 have the same id 1",
    },
    { name: "a list", document: [], says: "the document: " },
    { name: "nothing", document: null, says: "the document: " },
  ])("$name", ({ document, says }) => {
    const read = readState(new Map([[statePath, JSON.stringify(document)]]), "lab");
    expect(read.kind).toBe("refused");
    const message = read.kind === "refused" ? read.message : "";
    expect(message).toMatch(/^state\.json on the status branch is not believed: [^\n]+$/);
    expect(message).toContain(says);
  });

  test.each([
    { name: "conflict marks", text: `<<<<<<< HEAD\n${JSON.stringify(good)}`, says: "it is not JSON" },
    { name: "an empty file", text: "", says: "it is not JSON" },
    { name: "half a file", text: JSON.stringify(good).slice(0, -20), says: "it is not JSON" },
  ])("$name", ({ text, says }) => {
    expect(readState(new Map([[statePath, text]]), "lab")).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(says),
    });
  });

  test("a branch without the file", () => {
    expect(readState(new Map([["README.md", ""]]), "lab")).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("missing, although the branch exists"),
    });
  });
});
