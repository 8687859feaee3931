/** What the kernel says of the elements of maps named `pods`, as it changes them. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

export interface PodEvents {
  /** @param table `sallyport`, or `bare` */
  next(verb: "add" | "delete", table: string, ip: string): Promise<void>;
}

/**
 * Resolves when it listens, which the monitor does not say.
 *
 * @param host null: the network namespace of this process
 * @param change of the element of this address in the table `bare`, which is left without it
 */
export async function watchPods(
  host: string | null,
  ip: string,
  change: (verb: "add" | "delete", ip: string) => Promise<unknown>,
): Promise<PodEvents> {
  const enter = host === null ? [] : ["nsenter", `--net=/run/netns/${host}`];
  const [program = "", ...args] = [...enter, "nft", "monitor", "elements"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, verb, table, address] = /^(add|delete) element inet (\S+) pods \{ (\S+) /.exec(line) ?? [];
    waiting.get(`${verb} ${table} ${address}`)?.();
  });
  const next: PodEvents["next"] = (verb, table, address) =>
    new Promise((resolve) => waiting.set(`${verb} ${table} ${address}`, resolve));
  const heard = next("add", "bare", ip).then(() => true);
  // It begins with all there is, from the start whenever something changes meanwhile: each time it is left alone for longer.
  for (let leaveAloneMs = 50; !(await Promise.race([heard, delay(leaveAloneMs, false)])); leaveAloneMs *= 2) {
    await change("add", ip);
    await change("delete", ip);
  }
  return { next };
}
