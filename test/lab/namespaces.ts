/**
 * A private place on this machine: mount, network and process namespaces (for an ordinary user also a user namespace,
 * so that no root is needed), entered through one init process. The process table is the registry of running labs: nothing is written
 * anywhere that could be left behind.
 *
 * The init is a shell because process 1 must reap what others leave; with --kill-child and the process namespace, the
 * kernel ends every process of the lab, and with them every device, rule and mount, when the outermost one dies.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Stands in the init's command line, followed by the lab's name. */
const MARK = "sallyport-lab";
const INIT_SCRIPT =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/lab && shift && { "$@" 3<&3 & } && exec 3<&- && wait $!';

export interface RunningLab {
  readonly name: string;
  /** The lab's process 1, as seen from outside. */
  readonly initPid: number;
}

/**
 * Starts `command` inside a new private place. Its file descriptor 3 reads from `child.stdio[3]`; closing that asks the
 * lab to end. The child is detached, so that a Ctrl-C at the terminal reaches only its owner, who ends it in order.
 */
export function spawnPrivate(name: string, command: readonly string[]): ChildProcess {
  return spawn(
    "unshare",
    [
      // Only where needed: inside a user namespace tcpdump cannot drop its privileges, and refuses to run.
      ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
      "--mount",
      "--net",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "sh",
      "-c",
      INIT_SCRIPT,
      MARK,
      name,
      ...command,
    ],
    { detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] },
  );
}

function runningLabs(): RunningLab[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => describeInit(Number(entry)) ?? []);
}

export const findLab = (name: string): RunningLab | undefined => runningLabs().find((lab) => lab.name === name);

/** Command line that runs `command` in the lab; with `netns`, in that host's network namespace. */
export function enterLab(lab: RunningLab, netns: string | undefined, command: readonly string[]): string[] {
  return [
    "nsenter",
    "--target",
    String(lab.initPid),
    ...(sameUserNamespace(lab.initPid) ? [] : ["--user", "--preserve-credentials"]),
    "--mount",
    "--net",
    "--pid",
    "--",
    ...(netns === undefined ? [] : ["nsenter", `--net=/run/netns/${netns}`, "--"]),
    ...command,
  ];
}

const sameUserNamespace = (pid: number): boolean =>
  readlinkSync("/proc/self/ns/user") === readlinkSync(`/proc/${pid}/ns/user`);

/** Where a path of the lab is seen from outside. */
export const outsidePath = (lab: RunningLab, path: string): string => `/proc/${lab.initPid}/root${path}`;

function describeInit(pid: number): RunningLab | undefined {
  try {
    const [shell, , , mark, name] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    if (shell !== "sh" || mark !== MARK || name === undefined) return undefined;
    const innermostPid = /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return innermostPid === "1" ? { name, initPid: pid } : undefined;
  } catch {
    // The process ended while it was looked at, or belongs to someone else.
    return undefined;
  }
}
