/**
 * Pods that come and go. Each place for a pod is a network namespace with a process in it that sends from the first instant;
 * a pod that starts there gets a new name, uid, MAC address and port, and on purpose an address that a pod of another class
 * has just given back.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeCniCache, writeInventory } from "../lab/inventory.ts";
import type { Lab } from "../lab/lab.ts";
import { outsidePath } from "../lab/namespaces.ts";
import { labPaths } from "../lab/paths.ts";
import type { LabNode, LabPod } from "../lab/topology.ts";
import type { PodClass } from "./manifests.ts";
import { type Asked, sh, startAsked } from "./place.ts";
import { FIRST_PORT } from "./witness.ts";

/** Of one pod in its time. */
export interface Incarnation {
  readonly pod: LabPod;
  readonly podClass: PodClass;
  readonly nodeIP: string;
  readonly port: number;
  readonly fromMs: number;
  /** null: it is there. */
  untilMs: number | null;
  /** From its first packet to the first answer; null: not answered yet. */
  heldMs: number | null;
}

interface Answer {
  readonly heldMs: number | null;
}

export interface Place {
  readonly node: LabNode;
  readonly name: string;
  readonly process: Asked<Answer>;
}

interface PodStart {
  readonly place: Place;
  readonly podClass: PodClass;
  /** Before (or, negative, after) the network exists, the inventory names the pod. */
  readonly knownMsBefore: number;
}

export interface Pods {
  readonly incarnations: readonly Incarnation[];
  addPlace(node: LabNode, name: string): Promise<Place>;
  start(start: PodStart): Promise<Incarnation>;
  /** @param knownMs so much later the inventory forgets it */
  end(place: Place, incarnation: Incarnation, knownMs: number): Promise<void>;
  ask(place: Place, incarnation: Incarnation): Promise<void>;
}

const FIRST_ADDRESS = 50;

export function createPods(lab: Lab): Pods {
  const incarnations: Incarnation[] = [];
  const listed = new Map<string, LabPod>(lab.topology.pods.map((pod) => [pod.uid, pod]));
  /** Of each node, the one given back last at the end. */
  const free = new Map(lab.topology.nodes.map(({ name }) => [name, [] as string[]]));
  const addressesOf = (node: LabNode) => free.get(node.name) ?? [];
  let places = 0;
  let writing: Promise<void> = Promise.resolve();

  function writePods(): Promise<void> {
    writing = writing.then(() =>
      writeInventory({ ...lab.topology, pods: [...listed.values()] }, outsidePath(lab.running, labPaths.inventory)),
    );
    return writing;
  }

  async function list(pod: LabPod, present: boolean): Promise<void> {
    if (present) listed.set(pod.uid, pod);
    else listed.delete(pod.uid);
    await writePods();
  }

  const cniCache = (node: string) => outsidePath(lab.running, labPaths.cniCache(node));

  async function start({ place, podClass, knownMsBefore }: PodStart): Promise<Incarnation> {
    const { node, name } = place;
    const number = incarnations.length;
    const pod: LabPod = {
      ...{
        namespace: "alice",
        name: `soak-${number}`,
        uid: `00000000-0000-4000-9000-${String(number).padStart(12, "0")}`,
      },
      ...{ node: node.name, ip: addressesOf(node).pop() ?? "", labels: { class: podClass } },
      mac: `02:5a:00:00:${hex(number >> 8)}:${hex(number & 0xff)}`,
    };
    const port = FIRST_PORT + number;
    const incarnation: Incarnation = {
      pod,
      podClass,
      nodeIP: node.lanIP,
      port,
      fromMs: performance.now(),
      untilMs: null,
      heldMs: null,
    };
    incarnations.push(incarnation);
    if (knownMsBefore >= 0) {
      await list(pod, true);
      await wait(knownMsBefore);
    }
    await place.process.ask({ port });
    await sh(
      lab,
      null,
      `ip link add ${name} netns ${node.name} type veth peer name eth0 address ${pod.mac} netns ${name}
       ip -n ${node.name} link set ${name} master cni0 up
       ip -n ${name} link set eth0 up
       ip -n ${name} address add ${pod.ip}/24 dev eth0
       ip -n ${name} route add default via ${node.podGateway}`,
    );
    await writeCniCache({ ...lab.topology, pods: [pod] }, cniCache);
    if (knownMsBefore < 0) later(-knownMsBefore, () => list(pod, true));
    return incarnation;
  }

  return {
    incarnations,
    async addPlace(node, name) {
      await sh(lab, null, `ip netns add ${name}; ip -n ${name} link set lo up`);
      // As many as there are places: what one pod gives back is what the next one gets.
      addressesOf(node).push(`${node.podGateway.split(".").slice(0, 3).join(".")}.${FIRST_ADDRESS + places}`);
      places += 1;
      return {
        node,
        name,
        process: startAsked<Answer>(lab, name, new URL("./pod-process.ts", import.meta.url), lab.topology.outside.ip),
      };
    },
    start,
    async end({ node, name, process }, incarnation, knownMs) {
      const { pod } = incarnation;
      incarnation.heldMs = (await process.ask({})).heldMs;
      await process.ask({ port: 0 });
      await sh(lab, null, `ip -n ${node.name} link delete ${name}`);
      await rm(join(cniCache(node.name), `lab-${pod.uid}-eth0`));
      incarnation.untilMs = performance.now();
      addressesOf(node).push(pod.ip);
      later(knownMs, () => list(pod, false));
    },
    async ask({ process }, incarnation) {
      incarnation.heldMs = (await process.ask({})).heldMs;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The lab may have ended by then. */
function later(ms: number, work: () => Promise<void>): void {
  wait(ms)
    .then(work)
    .catch(() => {});
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
