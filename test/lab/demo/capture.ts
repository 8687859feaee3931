/** One packet caught on the wire by tcpdump, as a person would do it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Lab } from "../lab.ts";

export interface Capture {
  /** What was typed, for people. */
  readonly command: string;
  /** The first matching packet in tcpdump's words; undefined when none came in time. */
  packet(): Promise<string | undefined>;
}

const CAPTURE_TIMEOUT_MS = 5_000;

/** Resolves when tcpdump listens: what is sent afterwards is seen. */
export async function startCapture(
  lab: Lab,
  host: string,
  device: string,
  filter: readonly string[],
): Promise<Capture> {
  const tcpdump = ["tcpdump", "-l", "-nn", "-t", "--immediate-mode", "-c", "1", "-i", device, ...filter];
  const [file, ...args] = lab.commandLine(host, tcpdump);
  const child = spawn(file as string, args, { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill(), CAPTURE_TIMEOUT_MS);
  const packet = wholeText(child.stdout).finally(() => clearTimeout(timer));
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes("listening on")) break;
  }
  child.stderr.resume();
  return { command: `${host}# tcpdump -nn -i ${device} ${filter.join(" ")}`, packet: () => packet };
}

/** With -c 1 everything on stdout is one packet, whatever number of lines it takes. */
async function wholeText(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) lines.push(line.trim());
  return lines.length === 0 ? undefined : lines.join(" ");
}
