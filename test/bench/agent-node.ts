/**
 * A node for the benchmarks of the agent, inside a private place: one link, the pods' files in the CNI result cache, and
 * a reconciler that only signals. The agent is a process of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import type { SignalChannel } from "../../reconciler/signal/channel.ts";
import { serveSignals } from "../../reconciler/signal/server.ts";
import { type CertificatePaths, makeCertificates } from "../lab/certificates.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass } from "../nodeagent/states.ts";

const PORT = 7443;
const CLASSES = 10;
/** What the addresses of one node leave room for. */
const PODS_MAX = 250;

export interface BenchNode {
  readonly cniCacheDirectory: string;
  readonly stateFile: string;
  readonly server: SignalChannel;
  /** All that have come. */
  readonly reports: readonly NodeReport[];
  /** The next report that passes, of those that come from now on. */
  nextReport(passes: (report: NodeReport) => boolean): Promise<NodeReport>;
  startAgent(program: readonly [string, ...string[]]): ChildProcess;
}

export function podIPs(count = PODS_MAX): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.10.1.${index + 1}`);
}

/** Pods in ten classes, each with an egress id of its own, whose gateway is the other node. */
export function stateWith(ips: readonly string[]): NodeState {
  const ids = Array.from({ length: CLASSES }, (_, index) => index + 1);
  return nodeState(1, {
    gateways: ids.map((id) => gateway(id, 2)),
    classes: ids.map((id) => podClass(`policy-${id}`, [OUTSIDE, id])),
    pods: ips.map((ip, index) => pod(ip, `policy-${1 + (index % CLASSES)}`)),
  });
}

/** As libcni does at the end of ADD: written where it is read, in one go (containernetworking/cni, libcni/api.go). */
export async function writeCniEntry(directory: string, ip: string): Promise<void> {
  const { namespace, name, uid, mac } = attachment(ip);
  const cniArgs = Object.entries({ K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, K8S_POD_UID: uid });
  const result = { interfaces: [{ mac, sandbox: "/run/netns/x" }], ips: [{ interface: 0, address: `${ip}/32` }] };
  const entry = { kind: "cniCacheV1", ifName: "eth0", cniArgs, result };
  await writeFile(join(directory, `net-${uid}-eth0`), JSON.stringify(entry));
}

/** One link with the address of worker1, as the only node there is. */
export async function addUplink(): Promise<void> {
  const script = `ip link add eth0 type veth peer name far; ip address add 192.168.1.1/24 dev eth0
    ip link set eth0 up; ip link set far up; echo 1 > /proc/sys/net/ipv4/ip_forward`;
  await execa("sh", ["-ec", script]);
}

/** @param serverIP an address of this network namespace */
export async function openBenchNode(serverIP = "127.0.0.1"): Promise<BenchNode> {
  const folder = await mkdtemp("/run/agent-");
  const cniCacheDirectory = join(folder, "results");
  const stateFile = join(folder, "state", "state.json");
  await mkdir(cniCacheDirectory);
  const certificates = await makeCertificates(join(folder, "tls"), serverIP, ["worker1"]);
  const reports: NodeReport[] = [];
  const waiting = new Set<(report: NodeReport) => void>();
  const onReport = (report: NodeReport): void => {
    reports.push(report);
    for (const tell of waiting) tell(report);
  };
  const tls = await read(certificates("control"));
  const events = { onReport, onConnect() {}, onDisconnect() {} };
  return {
    cniCacheDirectory,
    stateFile,
    server: await serveSignals({ host: serverIP, port: PORT, tls, desk: { ask: () => [] } }, events),
    reports,
    nextReport(passes) {
      return new Promise((resolve) => {
        const tell = (report: NodeReport): void => {
          if (!passes(report)) return;
          waiting.delete(tell);
          resolve(report);
        };
        waiting.add(tell);
      });
    },
    startAgent([program, ...args]) {
      const { ca, cert, key } = certificates("worker1");
      const flags = {
        ...{ node: "worker1", server: `https://${serverIP}:${PORT}`, "tls-ca": ca, "tls-cert": cert, "tls-key": key },
        ...{ "state-file": stateFile, "cni-cache": cniCacheDirectory },
      };
      const argv = [...args, "agent", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])];
      const child = spawn(program, argv, { stdio: ["ignore", "pipe", "inherit"] });
      createInterface({ input: child.stdout }).on("line", complain);
      return child;
    },
  };
}

export async function stop(agent: ChildProcess): Promise<void> {
  agent.kill("SIGTERM");
  if (agent.exitCode === null) await once(agent, "exit");
}

/** What the agent logs is only of interest when something is wrong. */
function complain(line: string): void {
  if (/"level":50/.test(line)) console.error(line);
}

async function read({ ca, cert, key }: CertificatePaths): Promise<Record<"ca" | "cert" | "key", string>> {
  const [caText = "", certText = "", keyText = ""] = await Promise.all(
    [ca, cert, key].map((file) => readFile(file, "utf8")),
  );
  return { ca: caText, cert: certText, key: keyText };
}
