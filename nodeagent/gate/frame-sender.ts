/**
 * The door to the wire: frames of one length, through one program that lives as long as it is needed. A program for each
 * frame would cost a take-over 5 ms and more on a busy machine.
 *
 * socat's INTERFACE address would have the kernel hand it every packet of the device; a socket of protocol 0 receives
 * nothing. It sends by the index of the device (packet(7), struct sockaddr_ll).
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { endianness } from "node:os";
import type { Writable } from "node:stream";
import { TOOL_ENVIRONMENT } from "../kernel/environment.ts";
import { FRAME_BYTES } from "./frames.ts";

const PROGRAM = "socat";
const AF_PACKET = 17;
const SOCK_RAW = 3;
/** What follows the family: protocol 2, index 4, hardware type 2, packet type 1, address length 1, address 8 bytes. */
const SOCKADDR_LL_BYTES = 18;
const INDEX_OFFSET = 2;

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
    const target = `SOCKET-SENDTO:${AF_PACKET}:${SOCK_RAW}:0:x${linkAddress(deviceIndex).toString("hex")}`;
    const started = spawn(PROGRAM, ["-u", `-b${FRAME_BYTES}`, "STDIN", target], {
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

function linkAddress(deviceIndex: number): Buffer {
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  if (endianness() === "LE") address.writeUInt32LE(deviceIndex, INDEX_OFFSET);
  else address.writeUInt32BE(deviceIndex, INDEX_OFFSET);
  return address;
}
