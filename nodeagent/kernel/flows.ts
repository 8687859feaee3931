/** Reads what `conntrack -L` prints of one family: a line for each connection. */
import { canonicalIPv6 } from "../addresses.ts";
import type { Tuple } from "./ctnetlink.ts";

export interface Flow extends Tuple {
  /** Where it really goes, after DNAT. */
  readonly server: string;
  readonly serverPort: number;
  /** Where the server's answers go, so the source that it sees. */
  readonly seenAs: string;
  /** Its port, or what stands for it; 0 for protocols without. */
  readonly seenAsPort: number;
  readonly answered: boolean;
  /** Until the entry is forgotten if nothing is heard. */
  readonly timeoutS: number;
  /** Of TCP, in conntrack's words; `null` for other protocols. */
  readonly tcpState: string | null;
  readonly mark: number;
  /** In a zone of its egress id: a stateful gateway translates it for another node. */
  readonly zoned: boolean;
}

export function parseFlows(text: string): readonly Flow[] {
  return text.split("\n").flatMap((line) => parseFlow(line) ?? []);
}

function parseFlow(line: string): Flow | null {
  const [, protocol, timeout] = /^\S+\s+(\d+)\s+(\d+)/.exec(line) ?? [];
  const [source, seenBy] = valuesOf(line, "src").map(address);
  const [destination, seenAs] = valuesOf(line, "dst").map(address);
  if (protocol === undefined || !source || !destination || !seenBy || !seenAs) return null;
  const number = (key: string) => Number(valuesOf(line, key)[0] ?? 0);
  const isIcmp = valuesOf(line, "type").length > 0;
  const answeredTo = valuesOf(line, isIcmp ? "id" : "dport")[1];
  return {
    ...{ protocol: Number(protocol), source, destination, server: seenBy, seenAs },
    ...{ sourcePort: number("sport"), destinationPort: number("dport") },
    seenAsPort: Number(answeredTo ?? 0),
    serverPort: Number(valuesOf(line, "sport")[1] ?? 0),
    timeoutS: Number(timeout),
    icmp: isIcmp ? { type: number("type"), code: number("code"), id: number("id") } : null,
    tcpState: /^tcp\s+6\s+\d+\s+([A-Z_0-9]+) /.exec(line)?.[1] ?? null,
    answered: !line.includes("[UNREPLIED]"),
    mark: number("mark"),
    zoned: valuesOf(line, "zone-orig").length > 0,
  };
}

/** Of the first direction and the second. */
function valuesOf(line: string, key: string): readonly string[] {
  return [...line.matchAll(new RegExp(` ${key}=(\\S+)`, "g"))].map(([, value = ""]) => value);
}

function address(text: string): string {
  return text.includes(":") ? canonicalIPv6(text) : text;
}
