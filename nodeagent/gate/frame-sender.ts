/**
 * The door to the wire: frames of one length, through one program that lives as long as it is needed. A program for each
 * frame would cost a take-over 5 ms and more on a busy machine.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { TOOL_ENVIRONMENT } from "../kernel/environment.ts";
import { packetSocket } from "../kernel/packet-socket.ts";
import { FRAME_BYTES } from "./frames.ts";

const PROGRAM = "socat";

export interface FrameSender {
  /**
   * Best effort, as the wire is. A frame that the gate drops ends the program, and with it what was asked to be sent
   * behind that frame.
   */
  send(frames: readonly Buffer[]): void;
  close(): void;
}

type Socat = ChildProcessByStdio<Writable, null, null>;

/**
 * @param deviceIndex of the interface, in this network namespace
 * @param onFailure told once for each program that ended or could not be started; the next `send` starts another one
 */
export function createFrameSender(deviceIndex: number, onFailure: (reason: string) => void): FrameSender {
  let child: Socat | null = null;

  function start(): Socat {
    const started = spawn(PROGRAM, ["-u", `-b${FRAME_BYTES}`, "STDIN", packetSocket(deviceIndex)], {
      env: TOOL_ENVIRONMENT,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = (reason: string): void => {
      if (child !== started) return;
      child = null;
      onFailure(reason);
    };
    started.on("error", (error) => ended(error.message));
    started.on("exit", (code, signal) => ended(`${PROGRAM} ended: ${signal ?? `exit code ${code}`}`));
    started.stdin.on("error", () => {});
    return started;
  }

  return {
    send(frames) {
      if (frames.length === 0) return;
      child ??= start();
      child.stdin.write(Buffer.concat(frames));
    },
    close() {
      const closing = child;
      child = null;
      closing?.stdin.end();
    },
  };
}
