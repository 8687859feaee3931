/**
 * One pass: look at Git (when there is a reason to), plan, remember, signal what may be signalled now, and tell the
 * truth about it. Passes never overlap; a report, a poll or a change of the inventory only asks for another one.
 */
import type { Logger } from "pino";
import type { ClusterSettings, Intent } from "../policies/intent.ts";
import { adopt } from "../policies/leases/holders.ts";
import { effectiveState, type Stage, stageLeases } from "../policies/leases/stage.ts";
import { firstWitnesses } from "../policies/leases/witnesses.ts";
import { DEFAULT_SETTINGS } from "../policies/manifests/cluster.ts";
import type { NodeReport, NodeState } from "../policies/nodestate.ts";
import { nothingBefore, type Plan, type Previous, plan as planEgress } from "../policies/plan.ts";
import { Planner } from "../policies/planner.ts";
import { type NodeProgress, type Progress, settle, withReport, withSent } from "../policies/progress.ts";
import type { View } from "../policies/view.ts";
import { type Coalesced, coalesce } from "./coalesce.ts";
import { Commits } from "./commits.ts";
import { PassingTime } from "./passing-time.ts";
import type { SignalChannel } from "./signal/channel.ts";
import { hashState } from "./signal/hash.ts";
import type { GitSource } from "./source/source.ts";
import type { StatusBranch } from "./status/branch.ts";
import type { CommitOutcome, NodeProgress as NodePage, StatusInput } from "./status/input.ts";
import { statusPages } from "./status/pages.ts";
import { readState } from "./status/state.ts";

export type Reason = "git" | "inventory" | "report" | "retry";

export interface LoopParts {
  readonly cluster: string;
  /** Address without credentials. */
  readonly repository: string;
  readonly source: GitSource;
  readonly status: StatusBranch;
  readonly channel: SignalChannel;
  /** The reconciler's own name as a witness. */
  readonly witness: string;
  readonly view: () => View;
  /** Told the settings of each commit that comes into force. */
  readonly onInForce: (settings: ClusterSettings) => void;
  /** As `Date.now`. */
  readonly nowMs: () => number;
  readonly log: Logger;
}

const NOTHING_DECLARED: Intent = { groups: [], policies: [], cluster: DEFAULT_SETTINGS };

/** How long a plan may stay unconfirmed before the status branch says that it is waited for. */
const TELL_WAITING_AFTER_MS = 2_000;
const RETRY_AFTER_MS = 2_000;

export class Loop {
  readonly #parts: LoopParts;
  readonly #signal: AbortSignal;
  readonly #commits: Commits;
  readonly #passes: Coalesced<Reason>;
  readonly #progress = new Map<string, NodeProgress>();
  readonly #confirmed = new Map<string, NodeState>();
  readonly #hashes = new WeakMap<NodeState, string>();
  readonly #planner = new Planner();
  readonly #time: PassingTime;
  #previous: Previous | undefined;
  #storedHolders = "";
  /** The nodes of the view that was planned for last. */
  #present: ReadonlySet<string> = new Set();
  #planned: { plan: Plan; key: readonly unknown[] } | undefined;
  #stage: Stage | undefined;
  #hadEffect = true;
  #toldWaiting = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LoopParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
    this.#commits = new Commits(parts.source);
    this.#passes = coalesce((reasons) => this.#pass(reasons));
    this.#time = new PassingTime(parts.nowMs, () => this.trigger("report"));
  }

  trigger(reason: Reason): void {
    if (!this.#signal.aborted) this.#passes.trigger(reason);
  }

  receive(report: NodeReport): void {
    // Nothing holds between reports of a node outside the cluster: between two of them it may have become another machine.
    const before = this.#present.has(report.node) ? this.#progress.get(report.node) : undefined;
    const progress = withReport(before, report);
    this.#progress.set(report.node, progress);
    const confirmed = progress.sent.find(
      ({ hash, generation }) => hash === report.hash && generation === report.generation,
    );
    if (report.outcome === "converged" && confirmed) {
      this.#confirmed.set(report.node, effectiveState(confirmed.state, report));
    }
    const { node, generation, outcome, error, changes } = report;
    this.#parts.log.info({ node, generation, outcome, error, changes }, "node reported");
    this.trigger("report");
  }

  /** Resolves when the pass in flight has ended; call after the signal was aborted. */
  async stop(): Promise<void> {
    await this.#passes.idle();
    clearTimeout(this.#timer);
    this.#time.stop();
  }

  /** Where the loop is, for people and scripts. */
  status(): object {
    const seen = this.#commits.seen;
    return {
      cluster: this.#parts.cluster,
      head: seen === undefined ? null : { commit: seen.oid, subject: seen.subject, outcome: this.#outcome().kind },
      applied: this.#commits.good?.ref.oid ?? null,
      findings: this.#commits.rejected?.findings ?? this.#commits.good?.findings ?? [],
      problem: this.#commits.problem ?? null,
      waiting: this.#stage?.waiting ?? [],
      floatingIPs: Object.fromEntries((this.#planned?.plan.allocations ?? []).map(({ ip, node }) => [ip, node])),
      witnesses: this.#previous?.witnesses.members ?? [],
      nodes: [...this.#progress].map(([node, { report }]) => ({
        node,
        connected: this.#parts.channel.connected().has(node),
        generation: report.generation,
        outcome: report.outcome,
        error: report.error ?? null,
      })),
    };
  }

  async #pass(reasons: ReadonlySet<Reason>): Promise<void> {
    try {
      if (this.#previous === undefined && !(await this.#remember())) return this.#retryLater();
      if (reasons.has("git") || reasons.has("retry")) await this.#look();
      const plan = this.#plan();
      if (plan === undefined) return await this.#tellRejectedFirst();
      if (!(await this.#storeHolders(plan))) return this.#retryLater();
      this.#publish(plan);
      await this.#tell(plan);
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#parts.log.error({ err: error }, "a pass failed unexpectedly; what worked before stays");
      this.#retryLater();
    }
  }

  /** What earlier reconcilers decided. False when Git does not tell: nothing may be planned without it. */
  async #remember(): Promise<boolean> {
    const { status, cluster, log } = this.#parts;
    const files = await status.read(this.#signal);
    if (files !== undefined && "kind" in files) {
      log.error(files.message);
      return false;
    }
    const read = readState(files as ReadonlyMap<string, string> | undefined, cluster);
    if (read.kind === "refused") {
      log.error(`${read.message}; mend or delete the status branch, nothing is changed until then`);
      return false;
    }
    this.#previous = read.kind === "state" ? read.state.previous : nothingBefore;
    this.#storedHolders = memoryOf(this.#previous);
    if (read.kind !== "state" || read.state.applied === null) return true;
    if (await this.#commits.restore(read.state.applied, this.#signal)) return true;
    log.error(`the commit in force cannot be read: ${this.#commits.problem}`);
    this.#previous = undefined;
    return false;
  }

  async #look(): Promise<void> {
    const { log } = this.#parts;
    const [problem, seen] = [this.#commits.problem, this.#commits.seen];
    await this.#commits.look(this.#signal);
    const { good, rejected } = this.#commits;
    if (this.#commits.problem !== undefined && this.#commits.problem !== problem) {
      log.warn(`Git cannot be read, the last good commit stays: ${this.#commits.problem}`);
    }
    if (this.#commits.seen === seen) return;
    if (rejected) {
      const [first] = rejected.findings.filter((f) => f.severity === "error");
      log.warn(
        { commit: rejected.ref.oid },
        `rejected: ${first?.file}:${first?.line}:${first?.column}: ${first?.message}`,
      );
    } else {
      // What was confirmed was confirmed for another commit.
      this.#stage = undefined;
      log.info({ commit: good?.ref.oid }, `in force: ${good?.ref.subject}`);
    }
  }

  /** The plan for the intent in force and the newest view; the same object while neither changed. */
  #plan(): Plan | undefined {
    const { good } = this.#commits;
    if (good === undefined) return undefined;
    const view = this.#parts.view();
    this.#see(view);
    this.#previous = this.#withTime(view, this.#withWitnesses(view, this.#adopt(this.#previous as Previous)));
    const key = [good.intent, view, this.#previous];
    if (this.#planned && key.every((part, i) => part === this.#planned?.key[i])) return this.#planned.plan;
    const plan = this.#planner.plan(good.intent, view, this.#previous);
    for (const { kind, subject, from, to, reason } of plan.changes) {
      this.#parts.log.info({ decision: kind, subject, from, to }, reason);
    }
    if (this.#planned?.key[0] !== good.intent) {
      this.#hadEffect = !this.#sameTargets(this.#planned?.plan.nodes ?? [], plan.nodes);
      this.#parts.onInForce(good.intent.cluster);
    }
    this.#stage = undefined;
    this.#previous = plan.next;
    this.#planned = { plan, key: [good.intent, view, plan.next] };
    return plan;
  }

  /** A plan takes a node that left for one that holds nothing; so nothing told to it before may reach it when it is back. */
  #see({ nodes }: View): void {
    const present = new Set(nodes.map(({ name }) => name));
    for (const node of this.#present) {
      if (present.has(node)) continue;
      this.#progress.delete(node);
      this.#confirmed.delete(node);
      this.#parts.channel.forget(node);
    }
    this.#present = present;
  }

  /** What the nodes have decided among themselves stays as it is. */
  #adopt(previous: Previous): Previous {
    const adopted = adopt(previous, this.#progress);
    if (adopted === previous) return previous;
    const before = new Map(previous.allocations.map(({ ip, node }) => [ip, node]));
    for (const { ip, node } of adopted.allocations) {
      if (before.get(ip) === node) continue;
      this.#parts.log.info(
        { decision: "adopted", subject: ip, from: before.get(ip), to: node },
        `${ip} is on ${node} now`,
      );
    }
    return adopted;
  }

  #withTime({ nodes }: View, previous: Previous): Previous {
    const plan = this.#planned?.plan;
    const connected = this.#parts.channel.connected();
    const seen = plan && { plan, nodes, progress: this.#progress, connected };
    const known = this.#time.look(previous, this.#present, seen);
    for (const ip of known.lost) {
      if (!previous.lost.includes(ip)) this.#parts.log.warn({ decision: "lost", subject: ip }, `no node holds ${ip}`);
    }
    return known;
  }

  /** Named once for a cluster, and written down before anyone is told: two first sets could let two nodes hold one address. */
  #withWitnesses(view: View, previous: Previous): Previous {
    if (previous.witnesses.version > 0) return previous;
    const nodes = view.nodes.map(({ name }) => name).sort();
    const witnesses = firstWitnesses(nodes, this.#progress, this.#parts.witness);
    return witnesses === undefined ? previous : { ...previous, witnesses };
  }

  /** Who may hold which address is written down before anyone is told: a successor must know. */
  async #storeHolders(plan: Plan): Promise<boolean> {
    const holders = memoryOf(plan.next);
    if (holders === this.#storedHolders) return true;
    const result = await this.#parts.status.publish(statusPages(this.#statusInput(plan)), "Plan", this.#signal);
    if (result.kind === "failed") {
      this.#parts.log.error(`the plan cannot be remembered, so nothing is signalled: ${result.message}`);
      return false;
    }
    this.#storedHolders = holders;
    return true;
  }

  #publish(plan: Plan): void {
    const { channel, log } = this.#parts;
    const next = stageLeases(plan, this.#progress, (state) => this.#hashOf(state), this.#parts.witness);
    for (const state of next.states) {
      const known = this.#progress.get(state.node) as NodeProgress;
      const last = known.sent.at(-1);
      const hash = this.#hashOf(state);
      if (last?.hash === hash) continue;
      const generation = Math.max(last?.generation ?? 0, known.report.generation) + 1;
      const signal = { generation, hash, state };
      this.#progress.set(state.node, withSent(known, signal));
      channel.publish(signal);
      log.info({ node: state.node, generation, hash }, "node signalled");
    }
    this.#stage = next;
  }

  /** Status is written when it is final, and when it is not final for longer than a moment. */
  async #tell(plan: Plan): Promise<void> {
    clearTimeout(this.#timer);
    const waiting = this.#stage?.waiting.join("; ") ?? "";
    if (!this.#stage?.done && this.#commits.rejected === undefined && waiting !== this.#toldWaiting) {
      this.#timer = setTimeout(() => {
        this.#toldWaiting = waiting;
        this.trigger("report");
      }, TELL_WAITING_AFTER_MS);
      return;
    }
    if (this.#stage?.done) this.#toldWaiting = "";
    const input = this.#statusInput(plan);
    const seen = this.#commits.seen;
    const message = `${input.seen?.outcome.kind}: ${seen?.oid.slice(0, 12)}`;
    const result = await this.#parts.status.publish(statusPages(input), message, this.#signal);
    if (result.kind === "failed") {
      this.#parts.log.warn(`status cannot be told: ${result.message}`);
      this.#retryLater();
    } else if (result.kind === "pushed") {
      this.#storedHolders = memoryOf(plan.next);
      this.#parts.log.info({ commit: seen?.oid, status: result.commit }, `status told: ${message}`);
    }
  }

  /** A cluster whose very first commit is rejected: there is nothing in force, and its author still wants to know. */
  async #tellRejectedFirst(): Promise<void> {
    if (this.#commits.rejected === undefined || this.#previous !== nothingBefore) return;
    await this.#tell(planEgress(NOTHING_DECLARED, this.#parts.view(), nothingBefore));
  }

  #statusInput(plan: Plan): StatusInput {
    const { cluster, repository, channel } = this.#parts;
    const { good, seen } = this.#commits;
    const connected = channel.connected();
    const pages = new Map<string, NodePage>();
    for (const [node, { report, sent }] of this.#progress) {
      const last = sent.at(-1);
      const confirmed = this.#confirmed.get(node);
      pages.set(node, {
        generation: last?.generation ?? report.generation,
        hash: last?.hash ?? report.hash,
        connected: connected.has(node),
        report,
        ...(confirmed === undefined ? {} : { confirmed }),
      });
    }
    return {
      cluster,
      repository,
      applied: good?.ref ?? null,
      seen: seen === undefined ? null : { commit: seen, outcome: this.#outcome() },
      intent: good?.intent ?? NOTHING_DECLARED,
      plan: { ...plan, next: settle(plan.next, this.#progress as Progress) },
      nodes: pages,
      waiting: this.#stage?.waiting ?? [],
    };
  }

  #outcome(): CommitOutcome {
    const { rejected } = this.#commits;
    if (rejected) return { kind: "rejected", findings: rejected.findings };
    if (!this.#stage?.done) return { kind: "waiting" };
    return { kind: this.#hadEffect ? "applied" : "no-effect" };
  }

  #sameTargets(before: readonly NodeState[], after: readonly NodeState[]): boolean {
    return (
      before.length === after.length &&
      before.every((state, i) => this.#hashOf(state) === this.#hashOf(after[i] as NodeState))
    );
  }

  #hashOf(state: NodeState): string {
    const known = this.#hashes.get(state);
    if (known !== undefined) return known;
    const hash = hashState(state);
    this.#hashes.set(state, hash);
    return hash;
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.trigger("retry"), RETRY_AFTER_MS);
  }
}

/** What a successor must know before anyone is told. */
function memoryOf({ holders, witnesses, gatewayMode, portBlocks }: Previous): string {
  return JSON.stringify([holders, witnesses, gatewayMode, portBlocks]);
}
