import { expect, test } from "vitest";
import type { Workload } from "../../../policies/view.ts";
import { projectObject } from "../../../reconciler/inventory/project.ts";
import { NAMESPACE, NODE, podObject } from "./support.ts";

const owner = (kind: string, name: string, fields: object = { controller: true }): object => ({
  apiVersion: "apps/v1",
  kind,
  name,
  uid: "u",
  ...fields,
});

test.each<{ name: string; owners?: unknown; hash?: string; workload: Workload | null }>([
  {
    name: "a Deployment's pod names the Deployment",
    owners: [owner("ReplicaSet", "cart-7d4b9c6f5")],
    hash: "7d4b9c6f5",
    workload: { kind: "Deployment", name: "cart" },
  },
  {
    name: "a Deployment whose name ends like a hash",
    owners: [owner("ReplicaSet", "cart-7d4b9c6f5-7d4b9c6f5")],
    hash: "7d4b9c6f5",
    workload: { kind: "Deployment", name: "cart-7d4b9c6f5" },
  },
  {
    name: "a ReplicaSet of its own stays one",
    owners: [owner("ReplicaSet", "cart-7d4b9c6f5")],
    workload: { kind: "ReplicaSet", name: "cart-7d4b9c6f5" },
  },
  {
    name: "so does one whose name does not end in the label",
    owners: [owner("ReplicaSet", "cart-blue")],
    hash: "7d4b9c6f5",
    workload: { kind: "ReplicaSet", name: "cart-blue" },
  },
  {
    name: "a name that is nothing but the hash",
    owners: [owner("ReplicaSet", "-7d4b9c6f5")],
    hash: "7d4b9c6f5",
    workload: { kind: "ReplicaSet", name: "-7d4b9c6f5" },
  },
  { name: "a StatefulSet", owners: [owner("StatefulSet", "db")], workload: { kind: "StatefulSet", name: "db" } },
  { name: "a DaemonSet", owners: [owner("DaemonSet", "logs")], workload: { kind: "DaemonSet", name: "logs" } },
  {
    name: "a Job, also where a CronJob made it: the pod does not say so",
    owners: [owner("Job", "report-29384720")],
    workload: { kind: "Job", name: "report-29384720" },
  },
  {
    name: "a static pod has its node",
    owners: [owner("Node", "worker1")],
    workload: { kind: "Node", name: "worker1" },
  },
  {
    name: "an owner that is no controller does not count",
    owners: [owner("ConfigMap", "x", {}), owner("ReplicaSet", "y", { controller: false }), owner("DaemonSet", "logs")],
    workload: { kind: "DaemonSet", name: "logs" },
  },
  { name: "a bare pod", workload: null },
  { name: "owners that nobody could write", owners: [null, "x", { controller: true }], workload: null },
  { name: "owners that are no list", owners: { controller: true }, workload: null },
])("workload: $name", ({ owners, hash, workload }) => {
  const labels = hash === undefined ? {} : { "pod-template-hash": hash };
  const pod = podObject("cart-1", { metadata: { labels, ownerReferences: owners } });
  expect(projectObject(pod)).toMatchObject({ kind: "Pod", pod: { workload } });
});

test("a pod is reduced to what a plan needs", () => {
  expect(projectObject(podObject("cart-1", { spec: { hostNetwork: true } }))).toEqual({
    kind: "Pod",
    pod: {
      namespace: "shop",
      name: "cart-1",
      uid: "uid-cart-1",
      node: "worker1",
      ips: ["10.10.1.5"],
      labels: { app: "cart-1" },
      hostNetwork: true,
      workload: null,
    },
  });
});

test.each([
  {
    name: "both families",
    status: { podIPs: [{ ip: "10.10.1.5" }, { ip: "fd00::5" }] },
    ips: ["10.10.1.5", "fd00::5"],
  },
  { name: "an old kubelet tells one address", status: { podIPs: undefined }, ips: ["10.10.1.5"] },
  { name: "a pod that starts has none yet", status: { podIP: undefined, podIPs: undefined }, ips: [] },
])("addresses: $name", ({ status, ips }) => {
  expect(projectObject(podObject("a", { status }))).toMatchObject({ pod: { ips } });
});

test.each([
  {
    name: "a cordoned node",
    fields: { spec: { unschedulable: true } },
    seen: { unschedulable: true, draining: false },
  },
  {
    name: "a node that is to be drained",
    fields: { metadata: { name: "worker1", annotations: { "sallyport.dev/drain": "true" } } },
    seen: { draining: true, unschedulable: false },
  },
  {
    name: "only the word true drains",
    fields: { metadata: { name: "worker1", annotations: { "sallyport.dev/drain": "yes" } } },
    seen: { draining: false },
  },
  { name: "a node without conditions is not ready", fields: { status: {} }, seen: { ready: false, internalIPs: [] } },
  { name: "a ready node", fields: {}, seen: { ready: true, internalIPs: ["192.168.1.1"], labels: {} } },
])("node: $name", ({ fields, seen }) => {
  expect(projectObject({ ...NODE, ...fields })).toMatchObject({ kind: "Node", node: seen });
});

test.each([
  { name: "a pod that waits for a node", object: podObject("a", { spec: { nodeName: undefined } }) },
  { name: "a pod that succeeded", object: podObject("a", { status: { phase: "Succeeded" } }) },
  { name: "a pod that failed", object: podObject("a", { status: { phase: "Failed" } }) },
  { name: "another kind, even without a name", object: { apiVersion: "v1", kind: "Event" } },
  { name: "Longhorn's nodes", object: { ...NODE, apiVersion: "longhorn.io/v1beta2" } },
])("ignored: $name", ({ object }) => {
  expect(projectObject(object)).toEqual({ kind: "ignored" });
});

test.each([
  { object: { kind: "Node" }, reason: "a Node without metadata.name" },
  { object: { ...NAMESPACE, metadata: { name: "" } }, reason: "a Namespace without metadata.name" },
  { object: podObject("a", { metadata: { namespace: null } }), reason: "Pod a has no metadata.namespace" },
  { object: podObject("a", { metadata: { labels: { app: 1 } } }), reason: "Pod a has labels that are not text" },
  { object: podObject("a", { metadata: { labels: ["app"] } }), reason: "Pod a has labels that are not text" },
])("refused: $reason", ({ object, reason }) => {
  expect(projectObject(object)).toEqual({ kind: "refused", reason });
});
