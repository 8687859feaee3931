/**
 * The lab's first process, inside its private namespaces: builds the network, starts Git server, witness, reconciler and
 * agents, and answers on a unix socket. It ends when told to, or when the pipe on file descriptor 3 closes: whoever
 * holds the other end is gone then, so a lab never outlives its owner.
 *
 *     node supervisor.ts OPTIONS-AS-JSON
 */

import { existsSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import { execa } from "execa";
import { type CertificatePaths, makeCertificates } from "./certificates.ts";
import { writeCniCache, writeInventory } from "./inventory.ts";
import { buildNetwork } from "./network.ts";
import { labPaths, labProgram, sallyportCommand } from "./paths.ts";
import { Processes, type ProcessSpec } from "./processes.ts";
import { CLUSTER_NAME, labTopology, type Topology } from "./topology.ts";
import { until } from "./until.ts";

export interface SupervisorOptions {
  readonly nodes: number;
  /** Every host and pod also has an IPv6 address. */
  readonly ipv6?: boolean | undefined;
  /** Folder of manifests that become the first commit. */
  readonly manifests: string;
}

const LIFELINE_FD = 3;
const GIT = ["-c", "user.name=Lab administrator", "-c", "user.email=admin@lab.example"];

async function main(options: SupervisorOptions): Promise<void> {
  const processes = new Processes(labPaths.logs);
  const shutDown = async (): Promise<void> => {
    await processes.stopAll();
    process.exit(0);
  };
  process.on("SIGTERM", shutDown);
  new Socket({ fd: LIFELINE_FD }).on("error", shutDown).on("close", shutDown).resume();

  const topology = labTopology(options.nodes, options.ipv6);
  for (const directory of [labPaths.scratch, labPaths.logs, labPaths.repositories]) {
    await mkdir(directory, { recursive: true });
  }
  const [certificates] = await step("certificates, network and repository", () =>
    Promise.all([
      makeCertificates(
        labPaths.certificates,
        topology.control.lanIP,
        topology.nodes.map((n) => n.name),
      ),
      buildNetwork(topology, labPaths.scratch),
      createRepository(options.manifests),
      writeInventory(topology, labPaths.inventory),
      writeCniCache(topology, labPaths.cniCache),
      writeFile(labPaths.topology, JSON.stringify(topology)),
    ]),
  );
  for (const spec of processSpecs(topology, certificates)) processes.start(spec);
  const { git, witness } = labPaths.sockets;
  await until("Git server and witness to listen", () => existsSync(git) && existsSync(witness));
  await serveControl(processes, topology, shutDown);
  process.stdout.write("ready\n");
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  process.stdout.write(`progress ${name}\n`);
  return work();
}

/** A bare repository whose branch main holds the given manifests. */
async function createRepository(manifests: string): Promise<void> {
  const { repository, workstation } = labPaths;
  await execa("git", ["init", "-q", "--bare", "--initial-branch=main", repository]);
  await execa("git", ["init", "-q", "--initial-branch=main", workstation]);
  await cp(manifests, workstation, { recursive: true, filter: (path) => !path.endsWith("/.git") });
  const git = (...args: string[]) => execa("git", ["-C", workstation, ...GIT, ...args]);
  await git("add", "--all");
  await git("commit", "-q", "--allow-empty", "-m", "Declare egress");
  await git("push", "-q", repository, "main");
  await rm(workstation, { recursive: true });
}

function processSpecs(topology: Topology, certificates: (name: string) => CertificatePaths): ProcessSpec[] {
  const { control, forge, outside, nodes } = topology;
  const tlsFlags = (name: string): string[] => {
    const { ca, cert, key } = certificates(name);
    return ["--tls-ca", ca, "--tls-cert", cert, "--tls-key", key];
  };
  return [
    {
      name: "git",
      netns: forge.name,
      command: [
        process.execPath,
        labProgram("git-host"),
        labPaths.repositories,
        forge.lanIP,
        labPaths.sockets.git,
        labPaths.sockets.reconciler,
      ],
    },
    {
      name: "witness",
      netns: outside.name,
      command: [
        process.execPath,
        labProgram("witness"),
        labPaths.sockets.witness,
        outside.ip,
        outside.ipv6 ?? "",
      ].filter((argument) => argument !== ""),
    },
    {
      name: "reconciler",
      netns: control.name,
      command: [
        ...sallyportCommand(),
        "reconcile",
        "--cluster",
        CLUSTER_NAME,
        "--repository",
        forge.url,
        "--inventory",
        labPaths.inventory,
        "--listen",
        `${control.lanIP}:${control.port}`,
        "--admin-socket",
        labPaths.sockets.reconciler,
        ...tlsFlags("control"),
      ],
    },
    ...nodes.map((node) => ({
      name: `agent-${node.name}`,
      netns: node.name,
      command: [
        ...sallyportCommand(),
        "agent",
        "--node",
        node.name,
        "--server",
        `https://${control.lanIP}:${control.port}`,
        "--state-file",
        labPaths.agentState(node.name),
        "--cni-cache",
        labPaths.cniCache(node.name),
        ...tlsFlags(node.name),
      ],
    })),
  ];
}

/**
 *     GET  /status                                   topology and processes
 *     POST /processes/NAME/start|stop|kill
 *     POST /shutdown
 */
async function serveControl(processes: Processes, topology: Topology, shutDown: () => void): Promise<void> {
  const act = async (name: string, action: string): Promise<void> => {
    if (action === "start") processes.restart(name);
    else if (action === "kill") await processes.stop(name, "SIGKILL");
    else await processes.stop(name);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const match = /^\/processes\/([\w.-]+)\/(start|stop|kill)$/.exec(request.url ?? "");
    if (request.method === "POST" && match) await act(match[1] as string, match[2] as string);
    if (request.method === "POST" && request.url === "/shutdown") setImmediate(shutDown);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ topology, processes: processes.status() }));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(400).end(error.message));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(labPaths.sockets.control, resolve);
  });
}

try {
  await main(JSON.parse(process.argv[2] ?? "{}") as SupervisorOptions);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
