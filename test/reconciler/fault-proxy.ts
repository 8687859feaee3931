/** A proxy before a Git server that spoils answers on demand, and counts what passes. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exchange {
  readonly request: string;
  /** Bytes of the answer's body as the server sent it. */
  readonly answer: Buffer;
  readonly requestHeaders: IncomingMessage["headers"];
  readonly requestBytes: number;
  readonly status: number;
  readonly type: string;
}

/** Answers in place of the server, or spoils what it said. Returns false to let the answer pass. */
export type Fault = (exchange: Exchange, response: ServerResponse) => boolean;

export interface FaultProxy extends AsyncDisposable {
  readonly address: string;
  readonly exchanges: Exchange[];
  fault: Fault | undefined;
  /** Answers what was asked before from memory, without asking the server again. */
  replays: boolean;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (request, response) => {
    try {
      await relay(request, response);
    } catch {
      response.destroy();
    }
  });

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = `${request.method} ${request.url}`;
    const body = await collectRequest(request);
    const recorded = proxy.replays ? exchanges.find((exchange) => exchange.request === asked) : undefined;
    const exchange = recorded ?? (await forward(asked, request, body));
    if (proxy.fault?.(exchange, response)) return;
    response.writeHead(exchange.status, { "content-type": exchange.type });
    response.end(exchange.answer);
  }

  async function forward(asked: string, request: IncomingMessage, body: Buffer): Promise<Exchange> {
    const headers = { ...request.headers } as Record<string, string>;
    for (const name of ["host", "connection", "content-length", "transfer-encoding"]) delete headers[name];
    const answered = await fetch(`${upstream}${request.url}`, {
      method: request.method ?? "GET",
      headers,
      ...(body.length > 0 ? { body } : {}),
    });
    const exchange = {
      request: asked,
      requestHeaders: request.headers,
      requestBytes: body.length,
      status: answered.status,
      type: answered.headers.get("content-type") ?? "",
      answer: Buffer.from(await answered.arrayBuffer()),
    };
    exchanges.push(exchange);
    return exchange;
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: FaultProxy = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    fault: undefined,
    replays: false,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
}

/** Sends the first bytes of the answer; `ending` decides whether the connection ends in order or is reset. */
export function cutAfter(bytes: number, ending: "end" | "reset"): Fault {
  return ({ answer, status, type }, response) => {
    response.writeHead(status, { "content-type": type });
    if (ending === "end") response.end(answer.subarray(0, bytes));
    else response.write(answer.subarray(0, bytes), () => response.destroy());
    return true;
  };
}

/** Sends other bytes as the answer. */
export function answerBytes(bytes: Buffer): Fault {
  return ({ status, type }, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(bytes);
    return true;
  };
}

/** An answer of another kind. */
export function answerWith(status: number, headers: Readonly<Record<string, string>>, body = ""): Fault {
  return (_exchange, response) => {
    response.writeHead(status, headers);
    response.end(body);
    return true;
  };
}

async function collectRequest(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
