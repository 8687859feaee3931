/**
 * One file of the CNI result cache: what `libcni` writes at the end of ADD (containernetworking/cni, libcni/api.go,
 * kind `cniCacheV1`).
 */
import { isIP } from "node:net";
import { canonicalIPv6, familyOf } from "../addresses.ts";
import { isMac } from "../shape.ts";
import type { CniAttachment } from "./match.ts";

/** containerd and CRI-O give this name to a pod's own interface; secondary networks have others. */
const POD_INTERFACE = "eth0";

/**
 * @returns one attachment for each family of which the entry has an address with its MAC address; the first counts. None
 * for anything else: half-written and empty files, other kinds, entries without a pod's identity (loopback)
 */
export function parseCacheEntry(text: string): readonly CniAttachment[] {
  const entry = parseJson(text);
  if (entry?.kind !== "cniCacheV1" || entry.ifName !== POD_INTERFACE) return [];
  const argument = (key: string) => asArray(entry.cniArgs).find((pair) => asArray(pair)[0] === key)?.[1];
  const namespace = argument("K8S_POD_NAMESPACE");
  const name = argument("K8S_POD_NAME");
  const uid = argument("K8S_POD_UID");
  if (!isText(namespace) || !isText(name) || !isText(uid)) return [];
  const addresses = Map.groupBy(podAddresses(asObject(entry.result)), ({ ip }) => familyOf(ip));
  return [...addresses.values()].flatMap(([first]) => (first ? [{ namespace, name, uid, ...first }] : []));
}

function podAddresses(result: JsonObject): readonly { readonly ip: string; readonly mac: string }[] {
  const interfaces = asArray(result.interfaces).map(asObject);
  return asArray(result.ips)
    .map(asObject)
    .flatMap((entry) => {
      const ip = canonicalIP(entry.address);
      const mac = podInterface(interfaces, entry.interface)?.mac;
      return ip !== null && isText(mac) && isMac(mac.toLowerCase()) ? [{ ip, mac: mac.toLowerCase() }] : [];
    });
}

/** Plugins write IPv6 addresses in forms of their own. */
function canonicalIP(address: unknown): string | null {
  const ip = isText(address) ? (address.split("/")[0] ?? "") : "";
  if (isIP(ip) === 6) return ip.includes("%") ? null : canonicalIPv6(ip);
  return isIP(ip) === 4 ? ip : null;
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
