/** The ways in which a gateway is lost, and how each is mended. */
import type { Lab } from "../lab/lab.ts";
import { sh } from "./place.ts";
import { portOf } from "./ports.ts";

export interface Loss {
  strike(lab: Lab, node: string): Promise<unknown>;
  heal(lab: Lab, node: string): Promise<unknown>;
  /** Another node takes the address over. */
  readonly moves: boolean;
}

const agentOf = (node: string): string => `agent-${node}`;
const agents = (lab: Lab): readonly string[] => lab.topology.nodes.map(({ name }) => agentOf(name));

async function signalAgent(lab: Lab, node: string, signal: "STOP" | "CONT"): Promise<void> {
  const found = (await lab.processes()).find(({ name }) => name === agentOf(node));
  await sh(lab, null, `kill -${signal} ${found?.pid}`);
}

/** @param ways what the switch does not pass on between the node and the other nodes */
function cut(lab: Lab, node: string, ways: readonly ("from" | "to")[]): Promise<string> {
  const others = lab.topology.nodes.filter(({ name }) => name !== node).map(({ name }) => portOf(lab, name));
  const own = portOf(lab, node);
  const rules = others.flatMap((other) =>
    ways.map((way) => {
      const [from, to] = way === "from" ? [own, other] : [other, own];
      return `nft add rule bridge cut forward iifname ${from} oifname ${to} drop`;
    }),
  );
  return sh(
    lab,
    null,
    `nft 'add table bridge cut; add chain bridge cut forward { type filter hook forward priority 0; }'\n${rules.join("\n")}`,
  );
}

const mendCut = (lab: Lab): Promise<string> => sh(lab, null, "nft delete table bridge cut");

export const LOSSES = {
  frozen: {
    moves: true,
    strike: (lab, node) => signalAgent(lab, node, "STOP"),
    heal: (lab, node) => signalAgent(lab, node, "CONT"),
  },
  killed: {
    moves: true,
    strike: (lab, node) => lab.control(agentOf(node), "kill"),
    heal: (lab, node) => lab.control(agentOf(node), "start"),
  },
  "links down": {
    moves: true,
    strike: (lab, node) => sh(lab, null, `ip link set ${portOf(lab, node)} down`),
    heal: (lab, node) => sh(lab, null, `ip link set ${portOf(lab, node)} up`),
  },
  "cut off": { moves: true, strike: (lab, node) => cut(lab, node, ["from", "to"]), heal: mendCut },
  "cut one way": { moves: true, strike: (lab, node) => cut(lab, node, ["from"]), heal: mendCut },
  restart: {
    moves: false,
    async strike(lab, node) {
      await lab.control(agentOf(node), "stop");
      await lab.control(agentOf(node), "start");
    },
    heal: async () => {},
  },
  blackout: {
    moves: false,
    async strike(lab) {
      await Promise.all(agents(lab).map((agent) => lab.control(agent, "kill")));
      await Promise.all(agents(lab).map((agent) => lab.control(agent, "start")));
    },
    heal: async () => {},
  },
} as const satisfies Record<string, Loss>;

export type LossKind = keyof typeof LOSSES;
export const LOSS_KINDS = Object.keys(LOSSES) as readonly LossKind[];
