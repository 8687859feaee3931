/**
 * One file of the CNI result cache: what `libcni` writes at the end of ADD (containernetworking/cni, libcni/api.go,
 * kind `cniCacheV1`).
 */
import { isIPv4 } from "node:net";
import { isMac } from "../shape.ts";
import type { CniAttachment } from "./match.ts";

/** containerd and CRI-O give this name to a pod's own interface; secondary networks have others. */
const POD_INTERFACE = "eth0";

/**
 * @returns the attachment, or `null` for anything else: half-written and empty files, other kinds, entries without a
 * pod's identity (loopback), without an IPv4 address or without the MAC address that goes with it
 */
export function parseCacheEntry(text: string): CniAttachment | null {
  const entry = parseJson(text);
  if (entry?.kind !== "cniCacheV1" || entry.ifName !== POD_INTERFACE) return null;
  const argument = (key: string) => asArray(entry.cniArgs).find((pair) => asArray(pair)[0] === key)?.[1];
  const namespace = argument("K8S_POD_NAMESPACE");
  const name = argument("K8S_POD_NAME");
  const uid = argument("K8S_POD_UID");
  const address = podAddress(asObject(entry.result));
  if (!isText(namespace) || !isText(name) || !isText(uid) || address === null) return null;
  return { namespace, name, uid, ...address };
}

function podAddress(result: JsonObject): { readonly ip: string; readonly mac: string } | null {
  const interfaces = asArray(result.interfaces).map(asObject);
  for (const entry of asArray(result.ips).map(asObject)) {
    const ip = isText(entry.address) ? (entry.address.split("/")[0] ?? "") : "";
    const mac = podInterface(interfaces, entry.interface)?.mac;
    if (isIPv4(ip) && isText(mac) && isMac(mac.toLowerCase())) return { ip, mac: mac.toLowerCase() };
  }
  return null;
}

/** The one that the address points to; a plugin that does not say which has a single one on the pod's side. */
function podInterface(interfaces: readonly JsonObject[], index: unknown): JsonObject | undefined {
  const inPod = interfaces.filter(({ sandbox }) => isText(sandbox));
  if (typeof index === "number") return inPod.find((candidate) => candidate === interfaces[index]);
  return inPod.length === 1 ? inPod[0] : undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseJson(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

// biome-ignore lint/suspicious/noExplicitAny: what is inside is narrowed where it is read
function asArray(value: unknown): readonly any[] {
  return Array.isArray(value) ? value : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
