/**
 * The reconciler's own door for people and scripts on the same machine, on a unix socket (whoever may open the file may
 * ask): where it is, and "look at Git now".
 *
 *     GET  /status   JSON
 *     POST /trigger  202
 */
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";

export async function serveAdmin(socketPath: string, status: () => object, trigger: () => void): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === "GET" && request.url === "/status") {
      response.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify(status(), null, 2)}\n`);
    } else if (request.method === "POST" && request.url === "/trigger") {
      trigger();
      response.writeHead(202).end();
    } else {
      response.writeHead(404).end();
    }
  });
  // A socket left by a killed predecessor would refuse the address.
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(socketPath, resolve);
  });
  return server;
}
