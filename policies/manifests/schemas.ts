/** What may be written in the three kinds. Values with a syntax of their own (addresses, selectors, durations) are read by their readers. */
import type { AnySchema, ObjectSchema, Schema, TextSchema } from "./schema.ts";

export const NETWORKING = "networking.gke.io/v1";
export const SALLYPORT = "sallyport.dev/v1alpha1";

export type OurKind = "NetworkGatewayGroup" | "EgressNATPolicy" | "EgressCluster";

export const CLUSTER_DEFAULTS = {
  vni: 77,
  port: 4790,
  pollInterval: "15s",
  schedule: "*/5 * * * *",
} as const;

const text: TextSchema = { type: "string" };
const anything: AnySchema = {};

const textMap: ObjectSchema = { type: "object", properties: {}, additionalProperties: text };

export const OWN_ANNOTATIONS = "sallyport.dev/";
export const ON_GATEWAY_FAILURE = `${OWN_ANNOTATIONS}on-gateway-failure`;

/** What the kinds of other people's schemas have no field for. */
export const ANNOTATIONS: Readonly<Record<OurKind, Readonly<Record<string, TextSchema>>>> = {
  NetworkGatewayGroup: {},
  EgressNATPolicy: {
    [ON_GATEWAY_FAILURE]: {
      ...text,
      enum: ["drop", "nodeIP"],
      default: "drop",
      description:
        "While no node holds the floating IP: drop holds the traffic, nodeIP lets it leave with the address of the pod's node.",
    },
  },
  EgressCluster: {},
};

/** What a person writes, and what `kubectl get -o yaml` adds. */
const metadataOf = (kind: OurKind): ObjectSchema => ({
  type: "object",
  properties: {
    name: { ...text, description: "The name; unique for its kind (and namespace)." },
    namespace: text,
    labels: textMap,
    annotations: { ...textMap, properties: ANNOTATIONS[kind] },
    ...Object.fromEntries(
      [
        ...["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation"],
        ...["managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"],
      ].map((name) => [name, anything]),
    ),
  },
  required: ["name"],
  additionalProperties: false,
});

const labelSelector: ObjectSchema = {
  type: "object",
  description: "A Kubernetes label selector; {} matches everything.",
  properties: {
    matchLabels: { ...textMap, description: "All of these labels, with these values." },
    matchExpressions: {
      type: "array",
      items: {
        type: "object",
        properties: {
          key: text,
          operator: { ...text, enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
          values: { type: "array", items: text },
        },
        required: ["key", "operator"],
        additionalProperties: false,
        examples: [{ key: "role", operator: "In", values: ["frontend"] }],
      },
    },
  },
  additionalProperties: false,
  examples: [{ matchLabels: { role: "frontend" } }],
};

const cidrs = (description: string): Schema => ({
  type: "array",
  description,
  items: { type: "string", format: "cidr", examples: ["10.244.0.0/16"] },
});

function kind(
  name: OurKind,
  apiVersion: string,
  description: string,
  spec: ObjectSchema,
  specRequired: boolean,
): ObjectSchema {
  return {
    type: "object",
    description,
    properties: {
      apiVersion: { ...text, enum: [apiVersion] },
      kind: { ...text, enum: [name] },
      metadata: metadataOf(name),
      spec,
      status: { description: "Written by the controller; ignored here." },
    },
    required: ["apiVersion", "kind", "metadata", ...(specRequired ? ["spec"] : [])],
    additionalProperties: false,
  };
}

export const SCHEMAS: Readonly<Record<OurKind, ObjectSchema>> = {
  NetworkGatewayGroup: kind(
    "NetworkGatewayGroup",
    NETWORKING,
    "Floating IPs: addresses in the nodes' subnet that gateway nodes hold and egress traffic leaves with.",
    {
      type: "object",
      properties: {
        floatingIPs: {
          type: "array",
          description:
            "A policy uses the first. Only kube-system/default is allocated; other groups repeat its addresses.",
          items: { type: "string", format: "ip", examples: ["192.168.1.100"] },
        },
      },
      required: ["floatingIPs"],
      additionalProperties: false,
      examples: [{ floatingIPs: ["192.168.1.100"] }],
    },
    true,
  ),
  EgressNATPolicy: kind(
    "EgressNATPolicy",
    NETWORKING,
    "Which pods' traffic to which destinations leaves with the first floating IP of a group.",
    {
      type: "object",
      properties: {
        sources: {
          type: "array",
          description: "A pod is selected by any of these; within one, both selectors must match.",
          items: {
            type: "object",
            properties: { namespaceSelector: labelSelector, podSelector: labelSelector },
            additionalProperties: false,
            examples: [{ namespaceSelector: { matchLabels: { user: "alice" } }, podSelector: {} }],
          },
        },
        action: { ...text, enum: ["SNAT"] },
        destinations: {
          type: "array",
          description: "Where the traffic goes; the longest prefix decides between policies.",
          items: {
            type: "object",
            properties: { cidr: { type: "string", format: "cidr" } },
            required: ["cidr"],
            additionalProperties: false,
            examples: [{ cidr: "8.8.8.0/24" }],
          },
        },
        gatewayRef: {
          type: "object",
          description: "The NetworkGatewayGroup; each policy needs one of its own.",
          properties: { name: text, namespace: text },
          required: ["name", "namespace"],
          additionalProperties: false,
          examples: [{ name: "default", namespace: "kube-system" }],
        },
      },
      required: ["sources", "action", "destinations", "gatewayRef"],
      additionalProperties: false,
    },
    true,
  ),
  EgressCluster: kind(
    "EgressCluster",
    SALLYPORT,
    "What Sallyport must know about the cluster; one per tree, every field has a default.",
    {
      type: "object",
      properties: {
        podCIDRs: cidrs("The pods' prefixes."),
        serviceCIDRs: cidrs("The services' prefixes."),
        noEgressCIDRs: cidrs("Further destinations that never take the egress path."),
        nodeSubnets: cidrs("The subnets the nodes' addresses lie in."),
        defaultGateways: {
          type: "array",
          description: "The routers of the nodes' subnets: never given to a node.",
          items: { type: "string", format: "ip", examples: ["192.168.1.1"] },
        },
        gateway: {
          type: "object",
          properties: {
            mode: {
              ...text,
              enum: ["stateful", "stateless"],
              description:
                "Where the SNAT happens: on the gateway node (stateful), or on the pod's node, and gateways keep no connections (stateless, at most 252 nodes). Left out: the cluster stays in the mode it is in.",
            },
            nodeSelector: { ...labelSelector, description: "Which nodes may hold a floating IP; {} means all." },
            rebalance: {
              ...text,
              description: "Change this text, to a date for example, to spread the floating IPs evenly once.",
            },
          },
          additionalProperties: false,
        },
        overlay: {
          type: "object",
          properties: {
            vni: { type: "integer", minimum: 1, maximum: 16_777_215, default: CLUSTER_DEFAULTS.vni },
            port: { type: "integer", minimum: 1, maximum: 65_535, default: CLUSTER_DEFAULTS.port },
          },
          additionalProperties: false,
        },
        pollInterval: {
          type: "string",
          format: "duration",
          default: CLUSTER_DEFAULTS.pollInterval,
          description: "How often Git is looked at, in whole seconds: 15s, 1m30s, 1h.",
        },
        schedule: {
          type: "string",
          format: "cron",
          default: CLUSTER_DEFAULTS.schedule,
          description: "When every node is verified although nothing changed: five cron fields, UTC.",
        },
      },
      additionalProperties: false,
    },
    false,
  ),
};
