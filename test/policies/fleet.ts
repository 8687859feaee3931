/**
 * A reconciler and its agents without a network: kernels, agents and everything under way are plain values, so that a
 * test can lose, delay and repeat what it likes and look at what the kernels really hold.
 */
import type { Intent } from "../../policies/intent.ts";
import type { NodeReport, NodeState, Signal } from "../../policies/nodestate.ts";
import { nothingBefore, type Plan, type Previous, plan } from "../../policies/plan.ts";
import { type NodeProgress, settle, withReport, withSent } from "../../policies/progress.ts";
import { type Stage, stage } from "../../policies/rollout.ts";
import type { View } from "../../policies/view.ts";

const hashOf = (state: NodeState): string => JSON.stringify(state);

export class Agent {
  held = new Set<string>();
  gateways = new Map<number, string>();
  /** Newest signal received, perhaps not applied yet. */
  inbox: Signal | undefined;
  applied: Signal | undefined;
  outcome: NodeReport["outcome"] = "converged";

  receive(signal: Signal): void {
    if (signal.generation > (this.inbox?.generation ?? 0)) this.inbox = signal;
  }

  /** `part` stops half-way: what is new is there, or what is gone is gone, but not both. */
  apply(part: "all" | "additions" | "removals" = "all"): void {
    if (this.inbox === undefined) return;
    this.applied = this.inbox;
    const held = this.applied.state.held.map(({ ip }) => ip);
    const gateways = this.applied.state.gateways.map(({ id, mac }) => [id, mac] as const);
    if (part === "all") this.held = new Set(held);
    if (part === "additions") for (const ip of held) this.held.add(ip);
    if (part === "removals") for (const ip of this.held) if (!held.includes(ip)) this.held.delete(ip);
    if (part !== "removals") this.gateways = new Map(gateways);
    this.outcome = part === "all" ? "converged" : "failed";
  }

  report(node: string): NodeReport {
    return {
      node,
      generation: this.applied?.generation ?? 0,
      hash: this.applied?.hash ?? "",
      outcome: this.outcome,
      kernel: {
        held: [...this.held],
        gateways: [...this.gateways].map(([id, mac]) => ({ id, mac })),
        pods: 0,
        heldPods: [],
      },
      identity: null,
      lease: null,
      changes: [],
    };
  }
}

export class Fleet {
  intent: Intent;
  view: View;
  /** What survives a restart of the reconciler. */
  stored: Previous = nothingBefore;
  readonly agents = new Map<string, Agent>();
  reportsUnderWay: NodeReport[] = [];
  progress = new Map<string, NodeProgress>();
  plan: Plan;
  stage: Stage = { states: [], waiting: [], done: false };
  /** The channel keeps the newest signal of each node. */
  newest = new Map<string, Signal>();
  #generation = 0;

  constructor(intent: Intent, view: View) {
    this.intent = intent;
    this.view = view;
    this.plan = plan(intent, view, nothingBefore);
    this.seeNodes();
  }

  /** A node that left the cluster is switched off and its connection is gone; one that comes back starts empty. */
  seeNodes(): void {
    const names = new Set(this.view.nodes.map(({ name }) => name));
    for (const name of this.agents.keys()) {
      if (names.has(name)) continue;
      this.agents.delete(name);
      this.progress.delete(name);
      this.newest.delete(name);
      this.reportsUnderWay = this.reportsUnderWay.filter(({ node }) => node !== name);
    }
    for (const name of names) if (!this.agents.has(name)) this.agents.set(name, new Agent());
  }

  reconcile(): void {
    this.plan = plan(this.intent, this.view, this.stored);
    this.stored = settle(this.plan.next, this.progress);
    this.advance();
  }

  advance(): void {
    this.stage = stage(this.plan, this.progress, hashOf);
    for (const state of this.stage.states) {
      const known = this.progress.get(state.node) as NodeProgress;
      const hash = hashOf(state);
      if (known.sent.at(-1)?.hash === hash) continue;
      const signal = { generation: ++this.#generation, hash, state };
      this.progress.set(state.node, withSent(known, signal));
      this.newest.set(state.node, signal);
    }
  }

  sendReport(node: string): void {
    const agent = this.agents.get(node);
    if (agent !== undefined) this.reportsUnderWay.push(agent.report(node));
  }

  receiveReport(index: number): void {
    const [report] = this.reportsUnderWay.splice(index, 1);
    if (report === undefined) return;
    this.progress.set(report.node, withReport(this.progress.get(report.node), report));
    this.advance();
  }

  repeatReport(index: number): void {
    this.reportsUnderWay.push(...this.reportsUnderWay.slice(index, index + 1));
  }

  deliver(node: string): void {
    const signal = this.newest.get(node);
    if (signal !== undefined) this.agents.get(node)?.receive(signal);
  }

  restart(): void {
    this.progress = new Map();
    this.newest = new Map();
    this.reportsUnderWay = [];
    this.reconcile();
  }

  /** Everything flows in order until nothing changes any more; false when the plan is not done after `rounds`. */
  settleDown(rounds = 40): boolean {
    this.reportsUnderWay = [];
    this.reconcile();
    for (let round = 0; round < rounds; round++) {
      for (const node of this.agents.keys()) {
        this.deliver(node);
        this.agents.get(node)?.apply();
        this.sendReport(node);
        this.receiveReport(0);
      }
      if (this.stage.done) return true;
    }
    return false;
  }

  /** Addresses that more than one kernel holds. */
  contested(): string[] {
    const seen = new Set<string>();
    const twice: string[] = [];
    for (const { held } of this.agents.values()) {
      for (const ip of held) {
        if (seen.has(ip)) twice.push(ip);
        seen.add(ip);
      }
    }
    return twice;
  }
}
