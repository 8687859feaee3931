/** An agent that finds something amiss when it starts ends; whoever runs it starts it again, as systemd and the kubelet do. */
import { setTimeout as delay } from "node:timers/promises";
import type { Lab } from "../lab/lab.ts";
import { until } from "../lab/until.ts";

/** Resolves when all of them run. */
export async function agentsRun(lab: Lab): Promise<void> {
  await until("all agents to run", async () => (await startEnded(lab)) === 0);
}

const LOOK_EVERY_MS = 500;

/** While something else is waited for. */
export async function whileAgentsRun<Result>(lab: Lab, waited: Promise<Result>): Promise<Result> {
  let over = false;
  const look = async (): Promise<void> => {
    while (!over) {
      await startEnded(lab);
      await delay(LOOK_EVERY_MS);
    }
  };
  const looking = look();
  try {
    return await waited;
  } finally {
    over = true;
    await looking;
  }
}

/** @returns how many had ended */
async function startEnded(lab: Lab): Promise<number> {
  const ended = (await lab.processes()).filter(({ name, pid }) => name.startsWith("agent-") && pid === undefined);
  await Promise.all(ended.map(({ name }) => lab.control(name, "start")));
  return ended.length;
}
