/** What becomes of a floating IP when its holder is lost: told by the packets that the outside host sees, each test in a lab of its own. */
import { expect, test } from "vitest";
import type { Lab } from "./lab.ts";
import { startLab } from "./started.ts";
import { until } from "./until.ts";

const QUICKSTART = "examples/quickstart";
const FLOATING_IP = "192.168.1.100";
const SELECTED = ["alice/frontend-1", "alice/frontend-2", "paul/frontend-1"];

test("a frozen agent loses its address to another node; no packet leaves otherwise, and nothing moves back", async () => {
  await using lab = await startLab(QUICKSTART);
  const { holder, pod } = await gateway(lab);
  const requests = askAgainAndAgain(lab, pod);
  const pid = await pidOf(lab, `agent-${holder}`);
  await lab.exec(holder, ["kill", "-STOP", pid]);
  await until("another node to hold the address", async () => (await plannedNode(lab)) !== holder);
  const taker = await plannedNode(lab);
  expect(await requests.end()).toMatchObject({ sources: [FLOATING_IP] });
  expect(await lab.sourceSeen(pod)).toBe(FLOATING_IP);
  expect(await lab.macsAnsweringFor(FLOATING_IP)).toHaveLength(1);

  await lab.exec(holder, ["kill", "-CONT", pid]);
  await confirmed(lab);
  expect(await plannedNode(lab)).toBe(taker);
  expect(await lab.macsAnsweringFor(FLOATING_IP)).toHaveLength(1);
  expect(await lab.sourceSeen(pod)).toBe(FLOATING_IP);
});

test("without the reconciler, a killed agent's address is taken over all the same, and adopted later", async () => {
  await using lab = await startLab(QUICKSTART);
  const { holder, pod } = await gateway(lab);
  await lab.control("reconciler", "stop");
  const before = await lab.macsAnsweringFor(FLOATING_IP);
  const requests = askAgainAndAgain(lab, pod);
  await lab.control(`agent-${holder}`, "kill");
  await until("another node to answer for the address", async () => {
    const now = await lab.macsAnsweringFor(FLOATING_IP);
    return now.length === 1 && now[0] !== before[0];
  });
  await until("the pod to be answered again", async () => (await lab.sourceSeen(pod, 500)) === FLOATING_IP);
  expect(await requests.end()).toMatchObject({ sources: [FLOATING_IP] });

  await lab.control("reconciler", "start");
  await lab.control(`agent-${holder}`, "start");
  // What it remembers is from before: the truth comes with the agents' reports.
  const adopted = async () => ![undefined, null, holder].includes(await knownNode(lab));
  await until("the take-over to be adopted", adopted, { timeoutMs: 20_000 });
  await confirmed(lab);
  expect(await lab.macsAnsweringFor(FLOATING_IP)).toHaveLength(1);
  expect(await lab.sourceSeen(pod)).toBe(FLOATING_IP);
});

test("an agent that is restarted in an orderly way keeps its address, and no request fails", async () => {
  await using lab = await startLab(QUICKSTART);
  const { holder, pod } = await gateway(lab);
  const requests = askAgainAndAgain(lab, pod);
  await lab.control(`agent-${holder}`, "stop");
  await lab.control(`agent-${holder}`, "start");
  await until("the agent to be back", async () => lab.log(`agent-${holder}`).split('"msg":"converged"').length > 2);
  await confirmed(lab);
  expect(await requests.end()).toEqual({ sources: [FLOATING_IP], unanswered: 0 });
  expect(await plannedNode(lab)).toBe(holder);
});

test("all agents and the reconciler killed at once: each address has one holder again, and packets its address", async () => {
  await using lab = await startLab(QUICKSTART);
  const { pod } = await gateway(lab);
  const requests = askAgainAndAgain(lab, pod);
  const processes = ["reconciler", ...["worker1", "worker2", "worker3"].map((node) => `agent-${node}`)];
  await Promise.all(processes.map((name) => lab.control(name, "kill")));
  await Promise.all(processes.map((name) => lab.control(name, "start")));
  await until("the pod to be answered again", async () => (await lab.sourceSeen(pod, 500)) === FLOATING_IP);
  await confirmed(lab);
  expect(await requests.end()).toMatchObject({ sources: [FLOATING_IP] });
  expect(await lab.macsAnsweringFor(FLOATING_IP)).toHaveLength(1);
});

test("two nodes, with the reconciler as a witness that has started anew: a killed agent's address is taken over", async () => {
  await using lab = await startLab(QUICKSTART, { nodes: 2 });
  const witness = async () =>
    (await lab.reconcilerStatus())?.witnesses.find((member) => member.startsWith("_reconciler#"));
  const first = await until("the reconciler to be a witness", witness, { timeoutMs: 20_000 });
  await lab.control("reconciler", "kill");
  await lab.control("reconciler", "start");
  await until("its successor to be one", async () => ![undefined, first].includes(await witness()), {
    timeoutMs: 20_000,
  });
  await confirmed(lab);
  const { holder, pod } = await gateway(lab);
  const requests = askAgainAndAgain(lab, pod);
  await lab.control(`agent-${holder}`, "kill");
  await until("the other node to hold the address", async () => (await plannedNode(lab)) !== holder);
  await until("the pod to be answered again", async () => (await lab.sourceSeen(pod, 500)) === FLOATING_IP);
  expect(await requests.end()).toMatchObject({ sources: [FLOATING_IP] });
  expect(await lab.macsAnsweringFor(FLOATING_IP)).toHaveLength(1);
});

/** The node that holds the address, and a selected pod on another one. */
async function gateway(lab: Lab): Promise<{ readonly holder: string; readonly pod: string }> {
  const holder = await plannedNode(lab);
  const pod = SELECTED.find((name) => lab.pod(name).node !== holder);
  if (pod === undefined) throw new Error("every selected pod is on the gateway node");
  return { holder, pod };
}

async function knownNode(lab: Lab): Promise<string | null | undefined> {
  return (await lab.reconcilerStatus())?.floatingIPs[FLOATING_IP];
}

async function plannedNode(lab: Lab): Promise<string> {
  const node = await knownNode(lab);
  if (node == null) throw new Error(`the reconciler knows no node for ${FLOATING_IP}`);
  return node;
}

async function confirmed(lab: Lab): Promise<void> {
  const done = async () => ["applied", "no-effect"].includes((await lab.reconcilerStatus())?.head?.outcome ?? "");
  await until("the plan to be confirmed by all nodes", done, { timeoutMs: 20_000 });
}

async function pidOf(lab: Lab, name: string): Promise<string> {
  const found = (await lab.processes()).find((process) => process.name === name);
  return String(found?.pid);
}

interface Requests {
  end(): Promise<{ readonly sources: readonly string[]; readonly unanswered: number }>;
}

/** One request after the other, each with a second to be answered. */
function askAgainAndAgain(lab: Lab, pod: string): Requests {
  const sources = new Set<string>();
  let unanswered = 0;
  let ends = false;
  const asking = (async () => {
    while (!ends) {
      const source = await lab.sourceSeen(pod, 1_000);
      if (source === undefined) unanswered++;
      else sources.add(source);
    }
  })();
  return {
    async end() {
      ends = true;
      await asking;
      return { sources: [...sources], unanswered };
    },
  };
}
