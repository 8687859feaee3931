/**
 * The embedded signal channel: agents connect out to the reconciler over TLS with a client certificate whose common name
 * is their node's name. A node reads its own signals and posts its own reports, nothing else.
 *
 *     POST /v1/nodes/NODE/report    a NodeReport as JSON → 204
 *     GET  /v1/nodes/NODE/signals   text/event-stream of `signal` (id: generation) and `verify`
 *     POST /v1/nodes/NODE/witness   a message to the reconciler as a witness → 200, an array of messages to the node
 *
 * Nothing is sent to a node before its first report: what the kernel holds is known before anything is asked of it.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Signal } from "../../policies/nodestate.ts";
import type { SignalChannel, SignalEvents } from "./channel.ts";
import { parseReport } from "./report.ts";
import type { WitnessDesk } from "./witness.ts";

/** Agents treat 30 s of silence as a dead connection. */
const HEARTBEAT_MS = 10_000;
/** A report of a node with 250 held pods is about 15 kB. */
const MAX_BODY_BYTES = 1 << 20;

export interface SignalServerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM texts. `ca` signs the agents' client certificates. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** `SignalServerOptions`, and who answers as a witness. */
type ServerParts = SignalServerOptions & { readonly desk: Pick<WitnessDesk, "ask"> };

/** @throws when the address cannot be listened on. */
export async function serveSignals(
  { desk, ...options }: ServerParts,
  events: SignalEvents,
): Promise<SignalChannel & { port: number }> {
  const streams = new Map<string, ServerResponse>();
  const newest = new Map<string, Signal>();
  const reported = new Set<string>();

  const deliver = (node: string): void => {
    const signal = newest.get(node);
    if (signal && reported.has(node)) streams.get(node)?.write(signalEvent(signal));
  };

  const receiveReport = async (node: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const report = parseReport(await readJson(request));
    if (typeof report === "string") return refuse(response, 400, report);
    if (report.node !== node) return refuse(response, 403, `node ${node} cannot report for ${report.node}`);
    response.writeHead(204).end();
    reported.add(node);
    events.onReport(report);
  };

  const askWitness = async (node: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answers = desk.ask(node, await readJson(request));
    if (typeof answers === "string") return refuse(response, 400, answers);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers));
  };

  const openStream = (node: string, request: IncomingMessage, response: ServerResponse): void => {
    if (!reported.has(node)) {
      refuse(response, 409, "report first: this reconciler has not seen the node's kernel");
      return;
    }
    streams.get(node)?.end();
    streams.set(node, response);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": welcome\n\n");
    response.on("close", () => {
      if (streams.get(node) !== response) return;
      streams.delete(node);
      events.onDisconnect(node);
    });
    events.onConnect(node);
    const signal = newest.get(node);
    if (signal && signal.generation > Number(request.headers["last-event-id"] ?? 0)) deliver(node);
  };

  const server = createServer({ ...options.tls, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response, { receiveReport, askWitness, openStream }).catch((error: Error) => {
      if (!response.headersSent) refuse(response, 400, error.message);
    });
  });
  const heartbeat = setInterval(() => {
    for (const stream of streams.values()) stream.write(": heartbeat\n\n");
  }, HEARTBEAT_MS);
  await listen(server, options);

  return {
    port: (server.address() as { port: number }).port,
    publish: (signal) => {
      newest.set(signal.state.node, signal);
      deliver(signal.state.node);
    },
    forget: (node) => {
      newest.delete(node);
      reported.delete(node);
      streams.get(node)?.end();
    },
    verify: () => {
      for (const stream of streams.values()) stream.write("event: verify\ndata: {}\n\n");
    },
    connected: () => new Set(streams.keys()),
    close: async () => {
      clearInterval(heartbeat);
      for (const stream of streams.values()) stream.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Routes {
  receiveReport(node: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  askWitness(node: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  openStream(node: string, request: IncomingMessage, response: ServerResponse): void;
}

async function handle(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const identity = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
  const match = /^\/v1\/nodes\/([^/]+)\/(report|signals|witness)$/.exec(request.url ?? "");
  if (!match) return refuse(response, 404, "no such resource");
  const node = decodeURIComponent(match[1] as string);
  if (identity !== node) return refuse(response, 403, `certificate of ${String(identity)} cannot act for node ${node}`);
  if (match[2] === "report" && request.method === "POST") return routes.receiveReport(node, request, response);
  if (match[2] === "witness" && request.method === "POST") return routes.askWitness(node, request, response);
  if (match[2] === "signals" && request.method === "GET") return routes.openStream(node, request, response);
  return refuse(response, 405, "method not allowed");
}

const signalEvent = (signal: Signal): string =>
  `event: signal\nid: ${signal.generation}\ndata: ${JSON.stringify(signal)}\n\n`;

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`the body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function listen(server: Server, { host, port }: SignalServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve());
  });
}
