/** The objects of a cluster as the API server gives them, status, probes and managed fields included. */
import { createHash } from "node:crypto";

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export interface ClusterSize {
  readonly nodes: number;
  readonly pods: number;
}

const PODS_OF_A_DEPLOYMENT = 5;
const PODS_OF_A_NAMESPACE = 50;
const STARTED = "2026-03-02T08:15:00Z";

/** Sorted as kubectl prints them: all nodes, all namespaces, all pods. The same for the same size. */
export function* clusterObjects({ nodes, pods }: ClusterSize): Generator<Value> {
  for (let i = 0; i < nodes; i++) yield nodeObject(i);
  for (let i = 0; i < Math.max(1, Math.ceil(pods / PODS_OF_A_NAMESPACE)); i++) yield namespaceObject(i);
  for (let i = 0; i < pods; i++) yield podObject(i, nodes);
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const uid = (text: string): string => hash(text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
const dotted = (first: number, i: number): string => `${first}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

function namespaceObject(i: number): Value {
  const name = `team-${i}`;
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": `{"apiVersion":"v1","kind":"Namespace","metadata":{"annotations":{},"labels":{"team":"${i % 40}"},"name":"${name}"}}\n`,
      },
      creationTimestamp: STARTED,
      labels: { "kubernetes.io/metadata.name": name, team: `${i % 40}` },
      name,
      resourceVersion: `${1000 + i}`,
      uid: uid(name),
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function nodeObject(i: number): Value {
  const name = `node-${i}.example.internal`;
  const condition = (type: string, status: string): Value => ({
    lastHeartbeatTime: STARTED,
    lastTransitionTime: STARTED,
    message: `kubelet has ${type} ${status}: as expected`,
    reason: `Kubelet${type}`,
    status,
    type,
  });
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      annotations: {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
      },
      creationTimestamp: STARTED,
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": `zone-${i % 3}`,
      },
      managedFields: managedFields("kubelet", ["f:allocatable", "f:capacity", "f:conditions", "f:images"]),
      name,
      resourceVersion: `${500_000 + i}`,
      uid: uid(name),
    },
    spec: { podCIDR: `${dotted(10, i << 8)}/24`, podCIDRs: [`${dotted(10, i << 8)}/24`] },
    status: {
      addresses: [
        { address: dotted(172, i + 1), type: "InternalIP" },
        { address: name, type: "Hostname" },
      ],
      allocatable: { cpu: "8", memory: "32756476Ki", pods: "110" },
      capacity: { cpu: "8", memory: "32858876Ki", pods: "110" },
      conditions: [
        condition("MemoryPressure", "False"),
        condition("DiskPressure", "False"),
        condition("PIDPressure", "False"),
        condition("Ready", "True"),
      ],
      images: Array.from({ length: 50 }, (_, image) => ({
        names: [
          `registry.example.com/team/image-${image}@sha256:${hash(`image ${image}`)}`,
          `registry.example.com/team/image-${image}:v1.${image}.0`,
        ],
        sizeBytes: 12_345_678 + image,
      })),
      nodeInfo: {
        architecture: "amd64",
        kernelVersion: "6.1.0-32-amd64",
        kubeletVersion: "v1.32.4",
        operatingSystem: "linux",
      },
    },
  };
}

function podObject(i: number, nodes: number): Value {
  const deployment = Math.floor(i / PODS_OF_A_DEPLOYMENT);
  const namespace = `team-${Math.floor(i / PODS_OF_A_NAMESPACE)}`;
  const app = `checkout-${deployment}`;
  const replicaSet = `${app}-${hash(app).slice(0, 10)}`;
  const name = `${replicaSet}-${hash(`pod ${i}`).slice(0, 5)}`;
  const node = i % nodes;
  const condition = (type: string): Value => ({
    lastProbeTime: null,
    lastTransitionTime: STARTED,
    observedGeneration: 1,
    status: "True",
    type,
  });
  const containers = ["app", "proxy"];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      annotations: { "prometheus.io/port": "9090", "prometheus.io/scrape": "true" },
      creationTimestamp: STARTED,
      generateName: `${replicaSet}-`,
      labels: {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/part-of": "shop",
        "pod-template-hash": hash(app).slice(0, 10),
        tier: i % 2 === 0 ? "web" : "worker",
      },
      managedFields: [
        ...managedFields("kube-controller-manager", ["f:containers", "f:volumes", "f:tolerations", "f:affinity"]),
        ...managedFields("kubelet", ["f:conditions", "f:containerStatuses", "f:podIPs", "f:startTime"]),
      ],
      name,
      namespace,
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          blockOwnerDeletion: true,
          controller: true,
          kind: "ReplicaSet",
          name: replicaSet,
          uid: uid(replicaSet),
        },
      ],
      resourceVersion: `${1_000_000 + i}`,
      uid: uid(`${namespace}/${name}`),
    },
    spec: {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              podAffinityTerm: {
                labelSelector: { matchLabels: { "app.kubernetes.io/name": app } },
                topologyKey: "kubernetes.io/hostname",
              },
              weight: 100,
            },
          ],
        },
      },
      containers: containers.map((container) => containerSpec(container)),
      dnsPolicy: "ClusterFirst",
      enableServiceLinks: true,
      nodeName: `node-${node}.example.internal`,
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      serviceAccount: app,
      serviceAccountName: app,
      terminationGracePeriodSeconds: 30,
      tolerations: ["not-ready", "unreachable"].map((taint) => ({
        effect: "NoExecute",
        key: `node.kubernetes.io/${taint}`,
        operator: "Exists",
        tolerationSeconds: 300,
      })),
      volumes: [
        { configMap: { defaultMode: 420, name: `${app}-config` }, name: "config" },
        { emptyDir: {}, name: "scratch" },
        {
          name: "kube-api-access",
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
              { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt" } },
              {
                downwardAPI: {
                  items: [{ fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" }],
                },
              },
            ],
          },
        },
      ],
    },
    status: {
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(
        condition,
      ),
      containerStatuses: containers.map((container) => ({
        containerID: `containerd://${hash(`${name} ${container}`)}`,
        image: `registry.example.com/team/${container}:v1.2.3`,
        imageID: `registry.example.com/team/${container}@sha256:${hash(container)}`,
        lastState: {},
        name: container,
        ready: true,
        restartCount: 0,
        started: true,
        state: { running: { startedAt: STARTED } },
      })),
      hostIP: dotted(172, node + 1),
      hostIPs: [{ ip: dotted(172, node + 1) }],
      phase: "Running",
      podIP: dotted(100, i + 1),
      podIPs: [{ ip: dotted(100, i + 1) }],
      qosClass: "Burstable",
      startTime: STARTED,
    },
  };
}

function containerSpec(name: string): Value {
  return {
    args: ["--config=/etc/app/config.yaml", "--listen=:8080", "- not an item"],
    command: ["/bin/sh", "-c", `exec /usr/local/bin/${name} "$@"\n---\n- {"looks": "like an item"}\n`],
    env: ["LOG_LEVEL", "REGION", "FEATURES", "UPSTREAM", "TRACING"].map((variable) => ({
      name: variable,
      value: `${variable.toLowerCase()}: {a: [b]} # not a comment`,
    })),
    image: `registry.example.com/team/${name}:v1.2.3`,
    imagePullPolicy: "IfNotPresent",
    livenessProbe: {
      failureThreshold: 3,
      httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
      periodSeconds: 10,
    },
    name,
    ports: [{ containerPort: 8080, name: "http", protocol: "TCP" }],
    readinessProbe: { failureThreshold: 3, httpGet: { path: "/ready", port: 8080, scheme: "HTTP" }, periodSeconds: 5 },
    resources: { limits: { memory: "512Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, readOnlyRootFilesystem: true },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    volumeMounts: [
      { mountPath: "/etc/app", name: "config", readOnly: true },
      { mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", name: "kube-api-access", readOnly: true },
    ],
  };
}

function managedFields(manager: string, fields: readonly string[]): Value[] {
  const owned = {
    ".": {},
    "f:name": {},
    "f:type": {},
    "f:status": {},
    "f:lastTransitionTime": {},
    'k:{"name":"app"}': { ".": {} },
  };
  return [
    {
      apiVersion: "v1",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": owned },
        "f:spec": Object.fromEntries(fields.map((field) => [field, owned])),
      },
      manager,
      operation: "Update",
      time: STARTED,
    },
  ];
}
