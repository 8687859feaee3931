/**
 * The lab's door on the machine's loopback: `/status` is the reconciler's account, everything else the Git server. The
 * lab's network is out of reach from here; its unix sockets are files, and files are not.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lab } from "./lab.ts";

export interface Gate {
  readonly url: string;
  close(): void;
}

/** @param port 0 takes any free one. */
export async function openGate(lab: Lab, port: number): Promise<Gate> {
  const server = createServer((incoming, outgoing) => {
    forward(lab.socketPath(incoming.url?.startsWith("/status") ? "reconciler" : "git"), incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function forward(socketPath: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url: path, headers } = incoming;
  const inner = request({ socketPath, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  inner.on("error", (error) => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end(`${error.message}\n`);
  });
  incoming.pipe(inner);
}
