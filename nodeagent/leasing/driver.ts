/** Runs the lease's machine: does what it asks of the kernel, the disk and the network, and tells it what came of that. */
import type { LeaseGate } from "../gate/gate.ts";
import type { Input, LeaseReport, Output, StartState } from "../lease/io.ts";
import { createLeaseMachine } from "../lease/machine.ts";
import type { Message } from "../lease/messages.ts";
import type { Log } from "../log.ts";
import type { LeaseDisk } from "./disk.ts";

export interface DriverParts {
  readonly start: StartState;
  readonly gate: Pick<LeaseGate, "arm" | "refresh" | "park" | "replaceMine" | "changeMine">;
  readonly disk: Pick<LeaseDisk, "persist">;
  readonly send: (node: string, message: Message) => void;
  readonly announce: (ips: readonly string[]) => void;
  /** What the report says of addresses may have changed. */
  readonly onChange: () => void;
  /** The disk failed: nothing may be said any more. */
  readonly onDiskFailure: (reason: Error) => void;
  /** As `performance.now`: it runs with the kernel's timeouts. */
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface Driver {
  give(input: Input): void;
  report(): LeaseReport;
  /** Resolves when the machine has stopped, with whether the kernel keeps the addresses open. */
  stop(how: "park" | "release"): Promise<boolean>;
}

const TIMER_MAX_MS = 2 ** 31 - 1;

export function startDriver(parts: DriverParts): Driver {
  const { gate, disk, nowMs, log } = parts;
  const machine = createLeaseMachine(parts.start, nowMs());
  const stopped = Promise.withResolvers<boolean>();
  let revision = machine.revision(nowMs());
  let timer: NodeJS.Timeout | undefined;
  let wakesAt = Number.POSITIVE_INFINITY;
  let failed = false;

  function give(input: Input): void {
    if (failed) return;
    for (const output of machine.handle(input, nowMs())) execute(output);
    sleep();
    const now = machine.revision(nowMs());
    if (now === revision) return;
    revision = now;
    parts.onChange();
  }

  function sleep(): void {
    const at = machine.wakeAt();
    if (at === wakesAt) return;
    wakesAt = at;
    clearTimeout(timer);
    if (at === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(
      () => {
        wakesAt = Number.POSITIVE_INFINITY;
        give({ on: "wake" });
      },
      Math.min(TIMER_MAX_MS, Math.max(0, at - nowMs())),
    );
  }

  function execute(output: Output): void {
    switch (output.do) {
      case "send":
        parts.send(output.to, output.message);
        break;
      case "arm":
        whenDone(gate.arm(output.number), { on: "armed", number: output.number });
        break;
      case "refresh":
        whenDone(gate.refresh(output.number), { on: "refreshed", number: output.number });
        break;
      case "park":
        whenDone(gate.park(output.number), { on: "parked", number: output.number });
        break;
      case "replace-mine":
        written(output.write, gate.replaceMine(output.generation, output.ips));
        break;
      case "change-mine":
        written(output.write, gate.changeMine(output.add, output.remove));
        break;
      case "persist":
        persist(output);
        break;
      case "announce":
        parts.announce(output.ips);
        break;
      case "stopped":
        stopped.resolve(output.parked);
        break;
      default:
        output satisfies never;
    }
  }

  /** Without an echo nothing is said. */
  function whenDone(asked: Promise<boolean>, input: Input): void {
    void asked.then((done) => done && give(input));
  }

  function written(write: number, work: Promise<boolean>): void {
    const done = work.catch((error: Error) => {
      log.error({ reason: error.message }, "could not write to the gate, trying again");
      return false;
    });
    void done.then((succeeded) => give({ on: "mine-written", write, done: succeeded }));
  }

  function persist(output: Extract<Output, { readonly do: "persist" }>): void {
    disk.persist(output).then(
      () => give({ on: "persisted", write: output.write }),
      (error: Error) => {
        failed = true;
        clearTimeout(timer);
        stopped.resolve(false);
        parts.onDiskFailure(error);
      },
    );
  }

  sleep();
  return {
    give,
    report: () => machine.report(nowMs()),
    stop(how) {
      give({ on: "stop", how });
      return stopped.promise;
    },
  };
}
