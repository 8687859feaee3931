/**
 * The seed document's story, told with real packets: its six steps, an unselected pod, and then three commits, each
 * followed by what the outside host saw and what the status branch says.
 */
import { firstOutcome, type Lab } from "../lab.ts";
import { until } from "../until.ts";
import { type Capture, startCapture } from "./capture.ts";
import { type DemoResult, Observations } from "./observations.ts";
import type { Workstation } from "./workstation.ts";

const POLICY_FILE = "alice-paul.yaml";
const SELECTED_POD = "alice/frontend-1";
const UNSELECTED_POD = "carol/frontend-1";
const FIRST_FLOATING_IP = "192.168.1.100";
const SECOND_FLOATING_IP = "192.168.1.101";

/** Puts the removed policy back, so that whoever goes on by hand finds something to look at. */
export async function restorePolicy(lab: Lab, station: Workstation): Promise<void> {
  await station.git("checkout", "-q", "HEAD~1", "--", POLICY_FILE);
  const { commit } = await station.push("Declare alice-paul again");
  await until("the commit to be applied", () => outcomeOf(lab, "applied", commit));
}

export async function tellStory(lab: Lab, station: Workstation, print: (line: string) => void): Promise<DemoResult> {
  const seen = new Observations(print);
  const commitToPacketMs: number[] = [];
  const chapter = (title: string): void => print(`\n${title}`);

  chapter("The seed document's manifests are on main; its six steps:");
  await firstOutcome(lab);
  const pod = await podAwayFromGateway(lab);
  await sixSteps(lab, pod, seen);
  await unselectedPod(lab, seen);

  chapter("Commit: the policy uses another gateway group");
  const policy = await station.git("show", `HEAD:${POLICY_FILE}`);
  station.write("gateway1.yaml", GATEWAY1);
  station.write(POLICY_FILE, `${policy.replace("name: default", "name: gateway1")}\n`);
  commitToPacketMs.push(await pushAndWaitForSource(lab, station, pod, SECOND_FLOATING_IP));
  await tellSource(lab, pod, "the source changes to the group's address", SECOND_FLOATING_IP, seen);
  await tellStatus(station, "egressnatpolicies/alice-paul.yaml", SECOND_FLOATING_IP, seen);

  chapter("Commit: a broken manifest (`spec` without its colon, as the document prints it)");
  const group = await station.git("show", "HEAD:default-gateway-group.yaml");
  station.write("default-gateway-group.yaml", `${group.replace("spec:", "spec")}\n`);
  const broken = await station.push("Break the default group");
  await until("the broken commit to be rejected", () => outcomeOf(lab, "rejected", broken.commit));
  await tellSource(lab, pod, "nothing changes", SECOND_FLOATING_IP, seen);
  await tellStatus(station, "README.md", "default-gateway-group.yaml:6:1", seen);

  chapter("Commit: the mistake mended, the policy removed");
  station.write("default-gateway-group.yaml", `${group}\n`);
  station.remove(POLICY_FILE);
  commitToPacketMs.push(await pushAndWaitForSource(lab, station, pod, nodeIP(lab, pod)));
  await tellSource(lab, pod, "the node's address is back", nodeIP(lab, pod), seen);
  const removed = await until("the status branch to forget the policy", async () => {
    const readme = await station.statusFile("README.md");
    return readme?.includes("alice-paul") ? undefined : readme;
  });
  seen.contains("the status branch no longer lists the policy", "**Applied.**", removed, [
    "git show origin/sallyport/status/lab:README.md",
  ]);
  return seen.result(commitToPacketMs);
}

/** Steps 1 to 6 of "How an egress NAT gateway works". */
async function sixSteps(lab: Lab, pod: string, seen: Observations): Promise<void> {
  const { ip: outside } = lab.topology.outside;
  const { ip: podIP, node } = lab.pod(pod);
  const gateway = await gatewayOf(lab, FIRST_FLOATING_IP);
  const captures = {
    podSends: await startCapture(lab, pod, "eth0", ["tcp[tcpflags] & tcp-syn != 0 and src host", podIP]),
    tunnel: await startCapture(lab, gateway.name, "eth0", [
      "-T",
      "vxlan",
      "udp port 4790 and src host",
      nodeIP(lab, pod),
    ]),
    reply: await startCapture(lab, gateway.name, "eth0", ["src host", outside, "and dst host", FIRST_FLOATING_IP]),
  };
  const curl = ["curl", "-s", "--max-time", "3", `http://${outside}/${pod}`];
  const answer = await lab.exec(pod, curl);
  const tell = async (name: string, expected: string, capture: Capture): Promise<void> => {
    const packet = await capture.packet();
    seen.contains(name, expected, packet, [capture.command, packet ?? ""]);
  };
  await tell(`1 pod ${pod} on ${node} sends`, `${podIP}.`, captures.podSends);
  // Gateways of a new cluster are stateless: the pod's node translates, and it is there that the way back is known.
  const travels = `2 the packet matches and travels to the gateway node ${gateway.name}`;
  await tell(travels, `IP ${FIRST_FLOATING_IP}.`, captures.tunnel);
  seen.contains("3 the outside host sees the floating IP", `"source":"${FIRST_FLOATING_IP}"`, answer.stdout, [
    `${pod}# ${curl.join(" ")}`,
    answer.stdout,
  ]);
  await tell("4 the reply arrives at the gateway", `${outside}.80 > ${FIRST_FLOATING_IP}.`, captures.reply);
  const conntrack = ["conntrack", "-L", "-p", "tcp", "-s", podIP, "-d", outside];
  const entry = (await lab.exec(node, conntrack)).stdout.split("\n")[0];
  seen.contains(`5 conntrack restores ${podIP}`, `src=${outside} dst=${FIRST_FLOATING_IP}`, entry, [
    `${node}# ${conntrack.join(" ")}`,
    entry ?? "",
  ]);
  seen.equals("6 the pod gets its answer", "0", String(answer.exitCode), [`exit code of curl: ${answer.exitCode}`]);
  const macs = await lab.macsAnsweringFor(FIRST_FLOATING_IP);
  seen.equals(`only ${gateway.name} answers for ${FIRST_FLOATING_IP}`, gateway.mac, macs.join(" "), [
    `outside# arping -I eth0 ${FIRST_FLOATING_IP}`,
    macs.join(" "),
  ]);
}

async function unselectedPod(lab: Lab, seen: Observations): Promise<void> {
  await tellSource(
    lab,
    UNSELECTED_POD,
    `unselected pod ${UNSELECTED_POD} leaves with its node's address`,
    nodeIP(lab, UNSELECTED_POD),
    seen,
  );
}

async function tellSource(lab: Lab, pod: string, name: string, expected: string, seen: Observations): Promise<void> {
  const source = await lab.sourceSeen(pod);
  seen.equals(name, expected, source, [`${pod}# curl http://${lab.topology.outside.ip}/  → seen as ${source}`]);
}

async function tellStatus(station: Workstation, path: string, expected: string, seen: Observations): Promise<void> {
  const text = await until(`the status branch to say ${expected}`, async () => {
    const file = await station.statusFile(path);
    return file?.includes(expected) ? file : undefined;
  }).catch(() => station.statusFile(path));
  const line = text?.split("\n").find((l) => l.includes(expected));
  seen.contains("the status branch says so", expected, line, [
    `git show origin/sallyport/status/lab:${path}`,
    line?.trim() ?? "",
  ]);
}

/** @returns milliseconds from the start of the push to the first packet that left with `source`. */
async function pushAndWaitForSource(lab: Lab, station: Workstation, pod: string, source: string): Promise<number> {
  const { commit, pushedAtMs } = await station.push(`Make ${pod} leave as ${source}`);
  await until(`${pod} to leave as ${source}`, async () => (await lab.sourceSeen(pod, 1_000)) === source);
  const elapsedMs = performance.now() - pushedAtMs;
  await until("the commit to be applied", () => outcomeOf(lab, "applied", commit));
  return Math.round(elapsedMs);
}

async function outcomeOf(lab: Lab, outcome: string, commit?: string): Promise<boolean> {
  const head = (await lab.reconcilerStatus())?.head;
  return head?.outcome === outcome && (commit === undefined || head.commit === commit);
}

/** The seed's step 2 needs a pod whose node is not the gateway. */
async function podAwayFromGateway(lab: Lab): Promise<string> {
  const gateway = await gatewayOf(lab, FIRST_FLOATING_IP);
  return lab.pod(SELECTED_POD).node === gateway.name ? "alice/frontend-2" : SELECTED_POD;
}

/** The node whose interface has the floating IP, as the node itself says. */
async function gatewayOf(lab: Lab, floatingIP: string): Promise<{ name: string; mac: string }> {
  for (const { name } of lab.topology.nodes) {
    const { stdout } = await lab.exec(name, ["ip", "-j", "address", "show", "dev", "eth0"]);
    const [link] = JSON.parse(stdout) as { address: string; addr_info: { local: string }[] }[];
    if (link?.addr_info.some((a) => a.local === floatingIP)) return { name, mac: link.address };
  }
  throw new Error(`no node has ${floatingIP}`);
}

function nodeIP(lab: Lab, pod: string): string {
  const { node } = lab.pod(pod);
  return lab.topology.nodes.find((n) => n.name === node)?.lanIP as string;
}

const GATEWAY1 = `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: gateway1
spec:
  floatingIPs:
  - ${SECOND_FLOATING_IP}
`;
