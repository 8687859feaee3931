/** HTTPS with a client certificate. `fetch` of Node cannot present one. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";

/** PEM files: the authority that signs the server's certificate, and this node's own certificate and key. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface HttpsRequest {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  /** The connection is dead when nothing arrives for so long. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** Reads the files each time it is called: certificates are renewed while the agent runs. */
export async function tlsAgent({ caFile, certFile, keyFile }: TlsFiles): Promise<Agent> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map((file) => readFile(file)));
  return new Agent({ ca, cert, key, minVersion: "TLSv1.3", keepAlive: true });
}

/** Resolves when the headers have arrived; the body is the caller's to read. */
export async function send(agent: Agent, options: HttpsRequest): Promise<IncomingMessage> {
  const { url, method, headers, body, silenceMs, signal } = options;
  const outgoing = request(url, { agent, method, headers, signal });
  outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`nothing heard for ${silenceMs} ms`)));
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  // From here on errors of the connection surface while the body is read.
  outgoing.on("error", (error) => response.destroy(error));
  return response;
}

/** For a message: what the server said about a status that is not the one expected. */
export async function refusal(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) {
    text += chunk;
    if (text.length > 500) break;
  }
  return `server answered ${response.statusCode}: ${text.slice(0, 500).replaceAll(/\s+/g, " ")}`;
}
