/** The door of the signal channel, with real certificates: who gets in, and what they may do there. */
import { mkdtempDisposable, readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import type { SignalChannel } from "../../reconciler/signal/channel.ts";
import { serveSignals } from "../../reconciler/signal/server.ts";
import { openWitnessDesk } from "../../reconciler/signal/witness.ts";
import { makeCertificates } from "../lab/certificates.ts";

const HOST = "127.0.0.1";
interface Tls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let tls: Record<"control" | "a" | "b", Required<Tls>>;
let server: SignalChannel & { port: number };
let reports: NodeReport[];
let connections: string[];

beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), "certificates-"));
  const paths = await makeCertificates(directory.path, HOST, ["a", "b"]);
  const load = async (name: string): Promise<Required<Tls>> => {
    const { ca, cert, key } = paths(name);
    return { ca: await readFile(ca, "utf8"), cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  };
  tls = { control: await load("control"), a: await load("a"), b: await load("b") };
});

afterAll(() => directory.remove());

beforeEach(async () => {
  [reports, connections] = [[], []];
  server = await serveSignals(
    { host: HOST, port: 0, tls: tls.control, desk: openWitnessDesk(() => performance.now()) },
    {
      onReport: (report) => reports.push(report),
      onConnect: (node) => connections.push(node),
      onDisconnect: () => {},
    },
  );
});

afterEach(() => server.close());

describe("an agent acts for its own node only", () => {
  test("its report is taken and its stream opens", async () => {
    expect(await post(tls.a, "a", reportOf("a"))).toMatchObject({ status: 204 });
    expect(reports).toEqual([reportOf("a")]);
    const stream = await ask(tls.a, "GET", "/v1/nodes/a/signals");
    expect(stream.statusCode).toBe(200);
    expect(stream.headers["content-type"]).toBe("text/event-stream");
    expect(connections).toEqual(["a"]);
    stream.destroy();
  });

  test("another node's stream is refused, even when it could be opened", async () => {
    await post(tls.b, "b", reportOf("b"));
    expect(await get(tls.a, "b")).toEqual({ status: 403, error: "certificate of a cannot act for node b" });
    expect(connections).toEqual([]);
  });

  test.each([
    ["at the other's address", "b", "certificate of a cannot act for node b"],
    ["at its own address", "a", "node a cannot report for b"],
  ])("a report for another node %s is refused", async (_, address, error) => {
    expect(await post(tls.a, address, reportOf("b"))).toEqual({ status: 403, error });
    expect(reports).toEqual([]);
    expect(await get(tls.b, "b")).toMatchObject({ status: 409 });
  });
});

test("a client without a certificate is refused at the TLS handshake", async () => {
  const refused = get({ ca: tls.a.ca }, "a");
  await expect(refused).rejects.toMatchObject({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
});

test("a stream before the first report is refused", async () => {
  expect(await get(tls.a, "a")).toMatchObject({ status: 409, error: expect.stringMatching(/^report first/) });
  expect(connections).toEqual([]);
});

test("a node that left and came back must report again, and gets nothing that was published before", async () => {
  await post(tls.a, "a", reportOf("a"));
  server.publish({ generation: 7, hash: "old", state: { node: "a" } as NodeState });
  const stream = await ask(tls.a, "GET", "/v1/nodes/a/signals");
  server.forget("a");
  expect(await text(stream)).toContain("generation");
  expect(await get(tls.a, "a")).toMatchObject({ status: 409 });
  await post(tls.a, "a", reportOf("a"));
  const again = await ask(tls.a, "GET", "/v1/nodes/a/signals");
  server.forget("a");
  expect(await text(again)).not.toContain("generation");
});

test.each([
  ["no JSON", "{", /JSON/],
  ["no object", "[]", /malformed/],
  ["a field missing", JSON.stringify({ ...reportOf("a"), kernel: undefined }), /malformed at kernel/],
  ["an unknown outcome", JSON.stringify({ ...reportOf("a"), outcome: "fine" }), /malformed at outcome/],
  ["a negative generation", JSON.stringify({ ...reportOf("a"), generation: -1 }), /malformed at generation/],
  ["more than a report may weigh", JSON.stringify("x".repeat(1 << 20)), /larger than 1048576 bytes/],
])("a malformed report is refused: %s", async (_, body, error) => {
  expect(await post(tls.a, "a", body)).toEqual({ status: 400, error: expect.stringMatching(error) });
  expect(reports).toEqual([]);
  expect(await get(tls.a, "a")).toMatchObject({ status: 409 });
});

interface Answer {
  readonly status: number | undefined;
  readonly error?: string;
}

const get = async (identity: Tls, node: string): Promise<Answer> =>
  answerOf(await ask(identity, "GET", `/v1/nodes/${node}/signals`));

const post = async (identity: Tls, node: string, body: NodeReport | string): Promise<Answer> =>
  answerOf(
    await ask(identity, "POST", `/v1/nodes/${node}/report`, typeof body === "string" ? body : JSON.stringify(body)),
  );

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const body = await text(response);
  return { status: response.statusCode, ...(body === "" ? {} : JSON.parse(body)) };
}

function ask(identity: Tls, method: string, path: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ ...identity, host: HOST, port: server.port, method, path, agent: false }, resolve)
      .on("error", reject)
      .end(body);
  });
}

function reportOf(node: string): NodeReport {
  return {
    node,
    generation: 0,
    hash: "",
    outcome: "converged",
    kernel: { held: [], gateways: [], pods: 0, heldPods: [] },
    identity: null,
    lease: null,
    changes: [],
  };
}
