import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { runDemo } from "../../test/lab/demo/demo.ts";
import { openGate } from "../../test/lab/gate.ts";
import { firstOutcome, Lab } from "../../test/lab/lab.ts";
import { findLab } from "../../test/lab/namespaces.ts";
import { sallyportCommand } from "../../test/lab/paths.ts";
import { MAX_NODES } from "../../test/lab/topology.ts";
import { untilTerminated } from "../signals.ts";

interface UpFlags {
  name: string;
  nodes: number;
  ipv6?: boolean;
  manifests?: string;
  port: number;
}

const EXAMPLES = ["../../examples", "../../../examples"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

export function addLabCommand(program: Command): void {
  const lab = program
    .command("lab")
    .description("a cluster on one machine, made of network namespaces, to try things on")
    .addHelpText(
      "after",
      `
Examples:
  sallyport lab up --nodes 3 --manifests ./my-manifests
  sallyport lab exec alice/frontend-1 -- curl -s http://198.51.100.10/
  sallyport lab exec worker1 -- nft list table inet sallyport
  sallyport lab status
  sallyport lab down`,
    );
  const named = (command: Command): Command => command.option("--name <name>", "name of the lab", parseName, "default");
  const buildable = (command: Command): Command =>
    named(command)
      .option("--nodes <n>", `number of nodes, 1 to ${MAX_NODES}`, parseNodes, 3)
      .option("--manifests <directory>", "becomes the first commit (default: the quickstart example)")
      .option("--ipv6", "every host and pod also has an IPv6 address (default manifests: the dual-stack example)")
      .option("--port <port>", "port on the machine's loopback for Git and status; 0 takes a free one", parsePort, 0);

  buildable(lab.command("up")).description("start a lab in the background").action(up);
  buildable(lab.command("host", { hidden: true })).action(host);
  named(lab.command("exec"))
    .description("run a command on NODE, NAMESPACE/POD, outside, forge or control")
    .argument("<host>")
    .argument("<command...>")
    .action(exec);
  named(lab.command("status"))
    .description("hosts, processes and what the reconciler says")
    .option("--json", "as JSON")
    .action(status);
  named(lab.command("down")).description("end a lab; nothing of it is left").action(down);
  named(lab.command("demo", { hidden: true }))
    .option("--once", "end when the story is told")
    .option("--json", "print one JSON document as the last line")
    .action((flags: { name: string; once?: boolean; json?: boolean }) =>
      runDemo(flags, example("quickstart"), untilTerminated()),
    );
}

async function up(flags: UpFlags): Promise<void> {
  const [file, ...args] = [...sallyportCommand(), "lab", "host", "--name", flags.name, "--nodes", String(flags.nodes)];
  args.push("--port", String(flags.port), "--manifests", manifestsOf(flags));
  if (flags.ipv6) args.push("--ipv6");
  const child = spawn(file as string, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    process.stderr.write(`${line}\n`);
    if (line.startsWith("ready")) break;
  }
  if (!findLab(flags.name)) throw new Error(errors.replace(/^sallyport: /, "").trim());
  child.unref();
  child.stdout.destroy();
  child.stderr.destroy();
  const running = Lab.attach(flags.name);
  const head = await firstOutcome(running);
  process.stdout.write(`lab ${flags.name}: commit ${head.commit.slice(0, 12)} is ${head.outcome}\n`);
  process.stdout.write(
    `manifests: git clone ${running.gateUrl()}/manifests.git\nstatus:    ${running.gateUrl()}/status\n`,
  );
  if (head.outcome !== "applied") process.exitCode = 1;
}

/** Owns the lab of `up`: lives as long as it does. */
async function host(flags: UpFlags): Promise<void> {
  const terminated = untilTerminated();
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  await using lab = await Lab.start(
    flags.name,
    { nodes: flags.nodes, ipv6: flags.ipv6, manifests: manifestsOf(flags) },
    print,
  );
  const gate = await openGate(lab, flags.port);
  lab.publishGateUrl(gate.url);
  print(`ready ${gate.url}`);
  terminated.addEventListener("abort", () => lab.down());
  await lab.ended();
  gate.close();
}

function exec(hostName: string, command: string[], flags: { name: string }): Promise<void> {
  const [file, ...args] = Lab.attach(flags.name).commandLine(hostName, command);
  const child = spawn(file as string, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}

async function status(flags: { name: string; json?: boolean }): Promise<void> {
  const lab = Lab.attach(flags.name);
  const { topology } = lab;
  const [processes, reconciler] = await Promise.all([lab.processes(), lab.reconcilerStatus()]);
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  if (flags.json) {
    print(
      JSON.stringify({ name: flags.name, url: lab.gateUrl(), topology, processes, reconciler: reconciler ?? null }),
    );
    return;
  }
  print(`lab ${flags.name}, manifests at ${lab.gateUrl()}/manifests.git\n`);
  for (const node of topology.nodes)
    print(
      `node     ${node.name.padEnd(18)} ${node.lanIP.padEnd(15)} pods ${[node.podCIDR, node.ipv6?.podCIDR].join(" ").trim()}`,
    );
  for (const pod of topology.pods) {
    const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`);
    print(
      `pod      ${`${pod.namespace}/${pod.name}`.padEnd(18)} ${pod.ip.padEnd(15)} on ${pod.node} ${labels.join(",")}`,
    );
  }
  print(`outside  ${"".padEnd(18)} ${[topology.outside.ip, topology.outside.ipv6].join(" ").trim()}`);
  for (const { name, netns, pid } of processes)
    print(`process  ${name.padEnd(18)} on ${netns.padEnd(12)} ${pid ? `pid ${pid}` : "stopped"}`);
  print(`\nreconciler: ${reconciler === undefined ? "does not answer" : JSON.stringify(reconciler, null, 2)}`);
}

async function down(flags: { name: string }): Promise<void> {
  await Lab.attach(flags.name).shutDown();
  process.stdout.write(`lab ${flags.name} has ended\n`);
}

const manifestsOf = ({ manifests, ipv6 }: UpFlags): string => manifests ?? example(ipv6 ? "dual-stack" : "quickstart");

const example = (name: string): string => join(EXAMPLES.find((path) => existsSync(path)) as string, name);

function parseName(text: string): string {
  if (!/^[a-z0-9-]{1,30}$/.test(text))
    throw new InvalidArgumentError("lower-case letters, digits and dashes, at most 30");
  return text;
}

function parseNodes(text: string): number {
  const nodes = Number(text);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES)
    throw new InvalidArgumentError(`a number from 1 to ${MAX_NODES}`);
  return nodes;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("a port number, or 0 for any free one");
  return port;
}
