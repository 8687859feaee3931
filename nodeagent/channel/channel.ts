/**
 * The embedded channel, seen from a node: it connects out, reports what the kernel holds, and listens for signals.
 *
 *     POST /v1/nodes/NODE/report    a NodeReport as JSON → 204
 *     GET  /v1/nodes/NODE/signals   text/event-stream of `signal` (id: generation) and `verify`
 *     POST /v1/nodes/NODE/witness   a message to the reconciler as a witness → 200, an array of messages to the node
 */
import type { Agent } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import type { NodeReport } from "../../policies/nodestate.ts";
import { createBackoff } from "../backoff.ts";
import { coalesce } from "../coalesce.ts";
import type { Log } from "../log.ts";
import { refusal, send, type TlsFiles, tlsAgent } from "./https.ts";

/** The server sends a comment every 10 s. */
const SILENCE_MS = 30_000;
/** Of a witness; later an answer is of no use. */
const ANSWER_MS = 500;
const RECONNECT_LEAST_MS = 200;
const RECONNECT_MOST_MS = 5_000;
/** A state with 250 pods and 10,000 destinations is below 1 MB. */
const EVENT_SIZE_MAX = 32 << 20;

export interface ChannelOptions {
  readonly node: string;
  /** `https://host:port` */
  readonly server: string;
  readonly tls: TlsFiles;
  /** As `Math.random`. */
  readonly random: () => number;
}

export interface ChannelEvents {
  /** Of the last signal accepted: the server resumes after it. 0: none. */
  lastGeneration(): number;
  /** What is reported on every connection before anything is asked for. */
  latestReport(): NodeReport;
  /** The text of a signal; its shape is the callee's to check. */
  onSignal(text: string): void;
  onVerify(): void;
}

export interface Channel {
  /** Connects, and connects again, until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** There is a new `latestReport`. Sent at once when connected, else with the next connection. */
  report(): void;
  /** Says something to the reconciler as a witness. Resolves with what it says; empty when it cannot be asked now. */
  askWitness(message: object): Promise<readonly unknown[]>;
}

export function createChannel(options: ChannelOptions, events: ChannelEvents, log: Log): Channel {
  const backoff = createBackoff(RECONNECT_LEAST_MS, RECONNECT_MOST_MS, options.random);
  const url = (resource: string) =>
    new URL(`/v1/nodes/${encodeURIComponent(options.node)}/${resource}`, options.server);
  let reportNow: (() => void) | null = null;
  let connected: { readonly agent: Agent; readonly signal: AbortSignal } | null = null;

  function post(agent: Agent, signal: AbortSignal, resource: string, content: object, silenceMs: number) {
    const body = JSON.stringify(content);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    return send(agent, { ...{ url: url(resource), method: "POST", headers, body }, ...{ silenceMs, signal } });
  }

  async function report(agent: Agent, signal: AbortSignal): Promise<void> {
    const response = await post(agent, signal, "report", events.latestReport(), SILENCE_MS);
    if (response.statusCode !== 204) throw new Error(await refusal(response));
    response.resume();
  }

  async function listen(agent: Agent, signal: AbortSignal): Promise<void> {
    const headers = { accept: "text/event-stream", "last-event-id": String(events.lastGeneration()) };
    const response = await send(agent, { url: url("signals"), method: "GET", headers, silenceMs: SILENCE_MS, signal });
    if (response.statusCode !== 200) throw new Error(await refusal(response));
    backoff.reset();
    log.info({ server: options.server }, "connected to the reconciler");
    const parser = createParser({
      maxBufferSize: EVENT_SIZE_MAX,
      onEvent: ({ event, data }) => {
        if (event === "signal") events.onSignal(data);
        if (event === "verify") events.onVerify();
      },
    });
    response.setEncoding("utf8");
    for await (const chunk of response) parser.feed(chunk as string);
    throw new Error("the server closed the stream");
  }

  /** One connection, until it fails. Reports go one after the other, so that the newest arrives last. */
  async function connection(outer: AbortSignal): Promise<void> {
    const broken = new AbortController();
    const signal = AbortSignal.any([outer, broken.signal]);
    const agent = await tlsAgent(options.tls);
    try {
      await report(agent, signal);
      const reportAgain = coalesce(() => report(agent, signal));
      reportNow = () => void reportAgain().catch((error: Error) => broken.abort(error));
      connected = { agent, signal };
      await listen(agent, signal);
    } catch (error) {
      throw broken.signal.aborted ? broken.signal.reason : error;
    } finally {
      [reportNow, connected] = [null, null];
      broken.abort();
      agent.destroy();
    }
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        const reason = await connection(signal).then(
          () => "",
          (error: Error) => error.message,
        );
        if (signal.aborted) return;
        const waitMs = Math.round(backoff.nextMs());
        log.warn({ server: options.server, reason, waitMs }, "no connection to the reconciler, trying again");
        await delay(waitMs, null, { signal }).catch(() => {});
      }
    },
    report: () => reportNow?.(),
    async askWitness(message) {
      if (connected === null) return [];
      const { agent, signal } = connected;
      try {
        const response = await post(agent, signal, "witness", message, ANSWER_MS);
        const answers = JSON.parse(await text(response)) as unknown;
        return response.statusCode === 200 && Array.isArray(answers) ? answers : [];
      } catch {
        // As a datagram that is lost: who needs an answer asks again.
        return [];
      }
    },
  };
}
