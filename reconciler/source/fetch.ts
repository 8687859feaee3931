/**
 * Fetches one commit with its files by protocol version 2 (gitprotocol-v2). isomorphic-git can fetch too, but without
 * `filter` and budgets: a pull request of 300 KB could then cost more than a gigabyte of memory.
 */
import type { HttpClient } from "isomorphic-git/http/node";
import { GitError } from "./failure.ts";
import { collect } from "./http.ts";
import { delimiterPacket, flushPacket, packetLine, readPackets, serverError } from "./pktline.ts";

/** What the server said it can do, by command: `fetch` → "shallow filter". */
export type Capabilities = ReadonlyMap<string, string>;

export interface FetchRequest {
  readonly want: string;
  /** A commit fetched before, of which all files are at hand: only what differs is sent. */
  readonly have?: string;
  /** Larger blobs are left out where the server can filter; elsewhere they come along. */
  readonly maxBlobBytes: number;
}

export async function readCapabilities(http: HttpClient, url: string): Promise<Capabilities> {
  const answer = await http.request({
    url: `${url}/info/refs?service=git-upload-pack`,
    headers: { "git-protocol": "version=2" },
  });
  const lines = textLines(await collect(answer.body ?? []));
  const start = lines.indexOf("version 2");
  if (start < 0) throw new GitError("permanent", "the server does not offer Git protocol version 2");
  const capabilities = new Map<string, string>();
  for (const line of lines.slice(start + 1)) {
    const [name = "", value = ""] = line.split(/=(.*)/s);
    capabilities.set(name, value);
  }
  const format = capabilities.get("object-format") ?? "sha1";
  if (format !== "sha1") throw new GitError("permanent", `repositories with ${format} object ids are not supported`);
  return capabilities;
}

/** The pack with the commit `want`, without history. */
export async function fetchPack(
  http: HttpClient,
  url: string,
  capabilities: Capabilities,
  request: FetchRequest,
): Promise<Buffer> {
  const answer = await http.request({
    method: "POST",
    url: `${url}/git-upload-pack`,
    headers: {
      "git-protocol": "version=2",
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
    },
    body: once(fetchCommand(capabilities, request)),
  });
  return packOf(await collect(answer.body ?? []));
}

function fetchCommand(capabilities: Capabilities, { want, have, maxBlobBytes }: FetchRequest): string {
  const features = (capabilities.get("fetch") ?? "").split(" ");
  const format = capabilities.has("object-format") ? packetLine("object-format=sha1\n") : "";
  // Without thin-pack a server sends a shallow commit's whole tree again although we have its parent.
  const known =
    have === undefined
      ? []
      : ["thin-pack\n", ...(features.includes("shallow") ? [`shallow ${have}\n`] : []), `have ${have}\n`];
  return [
    packetLine("command=fetch\n"),
    format,
    delimiterPacket,
    ...["no-progress\n", "ofs-delta\n", `want ${want}\n`, ...known].map(packetLine),
    features.includes("shallow") ? packetLine("deepen 1\n") : "",
    // A server leaves out blobs of this size and above.
    features.includes("filter") ? packetLine(`filter blob:limit=${maxBlobBytes + 1}\n`) : "",
    packetLine("done\n"),
    flushPacket,
  ].join("");
}

function packOf(answer: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let section: string | undefined;
  for (const packet of readPackets(answer)) {
    if (!Buffer.isBuffer(packet)) {
      section = undefined;
      continue;
    }
    if (section !== "packfile") {
      section ??= packet.toString("utf8").trimEnd();
      continue;
    }
    const band = packet[0];
    if (band === 1) chunks.push(packet.subarray(1));
    if (band === 3) throw serverError(packet.toString("utf8", 1));
  }
  if (chunks.length === 0) throw new GitError("transient", "the server sent no pack");
  return Buffer.concat(chunks);
}

function textLines(answer: Buffer): string[] {
  return [...readPackets(answer)].flatMap((packet) =>
    Buffer.isBuffer(packet) ? [packet.toString("utf8").trimEnd()] : [],
  );
}

async function* once(text: string): AsyncIterableIterator<Uint8Array> {
  yield Buffer.from(text);
}
