/** The loop with everything around it faked: a repository, a status branch, and agents that do at once what they are told. */
import { pino } from "pino";
import { expect, vi } from "vitest";
import type { ManifestFile } from "../../policies/manifests/file.ts";
import type { NodeReport, NodeState, Signal } from "../../policies/nodestate.ts";
import type { View } from "../../policies/view.ts";
import { Loop } from "../../reconciler/loop.ts";
import { readManifestPaths } from "../../reconciler/source/files.ts";
import { namespace, pod, view, worker } from "../policies/builders.ts";

const quickstart = await readManifestPaths([new URL("../../examples/quickstart", import.meta.url).pathname]);

export const frontend = { labels: { role: "frontend" } };

/** Three nodes with a selected pod each. */
const threeNodes = (): View =>
  view(
    [worker(1), worker(2), worker(3)],
    [1, 2, 3].map((n) => pod(`alice/frontend-${n}`, `10.10.0.${n}`, { node: `worker${n}`, ...frontend })),
    [namespace("alice", { user: "alice" })],
  );

export interface LoopWorldOptions {
  /** What is written in the manifests of the quickstart instead. */
  readonly edit?: (text: string) => string;
  /** Of the status branch. */
  readonly stored?: ReadonlyMap<string, string>;
}

export class LoopWorld {
  head: string = "a".repeat(40);
  seen: View = threeNodes();
  signals: Signal[] = [];
  forgotten: string[] = [];
  /** What the status branch holds. */
  stored: ReadonlyMap<string, string> | undefined;
  statusFails = false;
  /** Agents that are connected. */
  readonly connected: Set<string> = new Set();
  /** Whether a node holds the addresses that it is the first candidate for. */
  holds: (node: string) => boolean = () => true;
  /** The newest state of each node. */
  readonly states: Map<string, NodeState> = new Map();
  readonly loop: Loop;

  constructor({ edit = (text) => text, stored }: LoopWorldOptions = {}) {
    this.stored = stored;
    const files = quickstart.map((file): ManifestFile => {
      if (!("bytes" in file)) return file;
      const text = edit(Buffer.from(file.bytes).toString("utf8"));
      return { ...file, blobId: text, bytes: Buffer.from(text) };
    });
    this.loop = this.#startLoop(files);
  }

  /** Every agent connects and reports, and the head comes into force. */
  async start(): Promise<void> {
    for (const { name } of this.seen.nodes) this.join(name);
    this.loop.trigger("git");
    await this.outcome("applied");
    this.signals = [];
  }

  join(node: string): void {
    this.connected.add(node);
    this.loop.receive(this.#reportOf(node));
  }

  /** The node reports again what it holds now. */
  reportAgain(node: string): void {
    this.loop.receive(this.#reportOf(node, this.#told.get(node)));
  }

  async outcome(kind: string): Promise<void> {
    const { head } = this;
    await vi.waitFor(() =>
      expect(this.loop.status()).toMatchObject({ head: { commit: head, outcome: kind }, waiting: [] }),
    );
  }

  readonly #told = new Map<string, Signal>();

  #startLoop(files: readonly ManifestFile[]): Loop {
    const commit = (oid: string) => ({
      oid,
      tree: oid,
      parents: [],
      author: { name: "", email: "" },
      committedAtSeconds: 0,
    });
    return new Loop(
      {
        cluster: "lab",
        repository: "https://git.example/lab.git",
        witness: "_reconciler#disk",
        source: {
          head: async () => ({ kind: "commit", oid: this.head }),
          read: async (oid) => ({ kind: "tree", commit: { ...commit(oid), subject: oid }, files }),
        },
        status: {
          read: async () => this.stored,
          publish: async (pages) => {
            if (this.statusFails) return { kind: "failed", class: "transient", message: "Git does not answer" };
            this.stored = pages;
            return { kind: "pushed", commit: this.head };
          },
        },
        channel: {
          publish: (signal) => {
            const { node } = signal.state;
            this.signals.push(signal);
            this.states.set(node, signal.state);
            this.#told.set(node, signal);
            this.loop.receive(this.#reportOf(node, signal));
          },
          forget: (node) => void this.forgotten.push(node),
          verify: () => undefined,
          connected: () => new Set(this.connected),
          close: async () => undefined,
        },
        view: () => this.seen,
        onInForce: () => undefined,
        nowMs: Date.now,
        log: pino({ level: "silent" }),
      },
      new AbortController().signal,
    );
  }

  #reportOf(node: string, signal?: Signal): NodeReport {
    const { lease, classes = [], pods = [] } = signal?.state ?? {};
    const used = new Set(classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
    const gateways = (lease?.addresses ?? []).flatMap(({ id, candidates }) => {
      const holder = lease?.nodes.find((one) => one.node === candidates[0]);
      return holder === undefined || !used.has(id) ? [] : [{ id, mac: holder.mac }];
    });
    const first = (lease?.addresses ?? []).filter(({ candidates }) => candidates[0] === node).map(({ ip }) => ip);
    const held = this.holds(node) ? first : [];
    return {
      node,
      generation: signal?.generation ?? 0,
      hash: signal?.hash ?? "",
      outcome: "converged",
      kernel: { held, gateways, pods: pods.length, heldPods: [] },
      identity: { publicKey: node.padEnd(43, "x"), underlayMac: null, witness: `${node}#disk` },
      lease: {
        held: held.map((ip) => ({ ip, epoch: 1, proof: { grounds: { new: 3 }, witnesses: 3 } })),
        pending: [],
        witnesses: lease?.witnesses ?? { version: 0, members: [] },
        witnessesSettled: true,
      },
      changes: [],
    };
  }
}
