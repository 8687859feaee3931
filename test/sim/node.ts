/** One node: clock, kernel gate, disk, and an agent that is frozen, killed and started again while its writes go on. */
import type { Desired, Input, LeaseReport, Output } from "../../nodeagent/lease/io.ts";
import { createLeaseMachine, type LeaseMachine } from "../../nodeagent/lease/machine.ts";
import type { Message } from "../../nodeagent/lease/messages.ts";
import type { Rules } from "../../nodeagent/lease/rules.ts";
import { createDisk } from "./disk.ts";
import { createGate, type GateFlaws } from "./gate.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface NodeParts {
  readonly name: string;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly rules: Rules;
  readonly flaws: GateFlaws;
  /** Kernel writes take up to this. */
  readonly slowestWriteMs: number;
  /** Writes to disk take up to this. */
  readonly slowestDiskMs: number;
  /** A witness that has lost its disk keeps its name: it must not. */
  readonly keepsDiskName: boolean;
  readonly send: (from: string, to: string, message: Message) => void;
  /** The gate may have opened. */
  readonly opened: (node: SimNode) => void;
}

export interface SimNode {
  readonly name: string;
  start(): void;
  deliver(from: string, message: Message): void;
  desire(desired: Desired): void;
  stop(how: "park" | "release"): void;
  contest(ips: readonly string[]): void;
  pause(forMs: number): void;
  resume(): void;
  kill(): void;
  losePower(): void;
  wipeDisk(): void;
  isAlive(): boolean;
  isOpen(ip: string): boolean;
  openIPs(): readonly string[];
  report(): LeaseReport | null;
  witness(): string;
  /** How often an agent of this node stopped with its gate left open. */
  parks(): number;
  takeOvers(): number;
  setPauseShare(share: number): void;
}

interface Process {
  readonly machine: LeaseMachine;
  readonly tasks: (() => void)[];
  pausedUntil: number;
  scheduledFor: number;
}

export function createNode(parts: NodeParts): SimNode {
  const { name, timeline, random, rules } = parts;
  const rate = 1 + random.between(-0.005, 0.005);
  const offset = random.between(0, 1e6);
  const localNow = () => timeline.now() * rate + offset;
  const gate = createGate(rules.timing, parts.flaws);
  const disk = createDisk(timeline);
  let diskName = `${name}#0`;
  let disks = 0;
  let generation = 0;
  let current: Process | null = null;
  let desired: Desired | null = null;
  let parks = 0;
  let takeOvers = 0;
  let pauseShare = 0;

  /** A task of the process: done at once, or when it is no longer frozen. */
  function enqueue(process: Process, task: () => void): void {
    process.tasks.push(task);
    if (process.tasks.length === 1) work(process);
  }

  function work(process: Process): void {
    while (process === current && process.tasks.length > 0) {
      if (timeline.now() < process.pausedUntil) {
        timeline.after(process.pausedUntil - timeline.now(), () => work(process));
        return;
      }
      const task = process.tasks[0] as () => void;
      task();
      process.tasks.shift();
    }
  }

  function give(process: Process, input: Input): void {
    if (process === current) enqueue(process, () => handle(process, input));
  }

  function handle(process: Process, input: Input): void {
    const outputs = process.machine.handle(input, localNow());
    // What is decided is done in order, but the process may be frozen before any of it.
    process.tasks.splice(1, 0, ...outputs.map((output) => () => execute(process, output)));
    schedule(process);
  }

  function schedule(process: Process): void {
    const at = process.machine.wakeAt();
    if (at >= process.scheduledFor || at === Number.POSITIVE_INFINITY) return;
    process.scheduledFor = at;
    timeline.after((at - localNow()) / rate + random.between(0.01, 1.5), () => {
      if (process.scheduledFor === at) {
        process.scheduledFor = Number.POSITIVE_INFINITY;
        give(process, { on: "wake" });
      }
    });
  }

  function execute(process: Process, output: Output): void {
    if (random.chance(pauseShare)) freeze(process, random.between(0, 2500));
    if (timeline.now() < process.pausedUntil) {
      process.tasks.splice(1, 0, () => executeNow(process, output));
      return;
    }
    executeNow(process, output);
  }

  function executeNow(process: Process, output: Output): void {
    switch (output.do) {
      case "send":
        parts.send(name, output.to, output.message);
        return;
      case "arm":
        echo(process, gate.arm(localNow()), { on: "armed", number: output.number });
        return;
      case "refresh":
        echo(process, gate.refresh(localNow()), { on: "refreshed", number: output.number });
        return;
      case "park":
        echo(process, gate.park(localNow()), { on: "parked", number: output.number });
        return;
      case "replace-mine":
        write(process, output.write, () => gate.replace(output.generation, output.ips));
        return;
      case "change-mine":
        write(process, output.write, () => gate.change(output.generation, output.add, output.remove));
        return;
      case "persist":
        disk.write(output, random.between(0.3, parts.slowestDiskMs), () =>
          give(process, { on: "persisted", write: output.write }),
        );
        return;
      case "announce":
        takeOvers += output.ips.length;
        return;
      case "stopped":
        if (output.parked) parks += 1;
        current = null;
        return;
      default:
        output satisfies never;
    }
  }

  function echo(process: Process, took: boolean, input: Input): void {
    if (!took) return;
    parts.opened(node);
    timeline.after(random.between(0.02, 0.3), () => give(process, input));
  }

  /** Goes on when the process has died. */
  function write(process: Process, write: number, apply: () => boolean): void {
    const takesMs = Math.min(parts.slowestWriteMs, random.chance(0.8) ? random.between(2, 20) : random.between(2, 150));
    const fate = random.next();
    timeline.after(takesMs, () => {
      const done = fate < 0.99 || fate >= 0.995 ? apply() : false;
      parts.opened(node);
      give(process, { on: "mine-written", write, done: done && fate < 0.99 });
    });
  }

  function freeze(process: Process, forMs: number): void {
    process.pausedUntil = Math.max(process.pausedUntil, timeline.now() + forMs);
  }

  const node: SimNode = {
    name,
    start() {
      if (current !== null) return;
      generation += 1;
      const openIPs = gate.isRunning(localNow()) ? gate.mine() : [];
      const start = { node: name, witness: diskName, generation, ...disk.content(), openIPs };
      const machine = createLeaseMachine(start, localNow(), rules);
      const process: Process = { machine, tasks: [], pausedUntil: 0, scheduledFor: Number.POSITIVE_INFINITY };
      current = process;
      // Between the look at the kernel and the first act.
      freeze(process, random.between(0, 60));
      if (desired !== null) give(process, { on: "desired", desired });
      give(process, { on: "wake" });
    },
    deliver(from, message) {
      if (current !== null) give(current, { on: "message", from, message });
    },
    desire(next) {
      desired = next;
      if (current !== null) give(current, { on: "desired", desired: next });
    },
    stop(how) {
      if (current !== null) give(current, { on: "stop", how });
    },
    contest(ips) {
      if (current !== null) give(current, { on: "contested", ips });
    },
    pause(forMs) {
      if (current !== null) freeze(current, forMs);
    },
    resume() {
      if (current === null) return;
      current.pausedUntil = 0;
      work(current);
    },
    kill() {
      current = null;
    },
    losePower() {
      current = null;
      gate.losePower();
      disk.losePower();
    },
    wipeDisk() {
      disk.wipe();
      disks += 1;
      if (!parts.keepsDiskName) diskName = `${name}#${disks}`;
    },
    isAlive: () => current !== null,
    isOpen: (ip) => gate.isOpen(ip, localNow()),
    openIPs: () => (gate.isRunning(localNow()) ? gate.mine() : []),
    report: () => current?.machine.report(localNow()) ?? null,
    witness: () => diskName,
    parks: () => parks,
    takeOvers: () => takeOvers,
    setPauseShare(share) {
      pauseShare = share;
    },
  };
  return node;
}
