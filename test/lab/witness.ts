/**
 * The outside host's witness, a process of its own in that host's network namespace. Over HTTP on port 80 it answers
 * every request with the source address it saw. The lab asks it on a unix socket what it saw so far, and which MAC
 * address answers for an IP in the nodes' subnet.
 *
 *     node witness.ts SOCKET ADDRESS…
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { execa } from "execa";

export interface Sighting {
  readonly source: string;
  readonly sourcePort: number;
  /** The request's path: the client's word about who it is. */
  readonly path: string;
}

const KEPT_SIGHTINGS = 10_000;

async function main(socketPath: string, addresses: readonly string[]): Promise<void> {
  const sightings: Sighting[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    const sighting = { source: remoteAddress, sourcePort: remotePort, path: request.url ?? "" };
    sightings.push(sighting);
    if (sightings.length > KEPT_SIGHTINGS) sightings.shift();
    response.setHeader("content-type", "application/json").end(`${JSON.stringify(sighting)}\n`);
  };
  const questions = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://witness");
    const ip = url.searchParams.get("mac");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(ip === null ? sightings : await macsAnsweringFor(ip)));
  });
  await Promise.all([
    ...addresses.map((host) => listen(createServer(answer), { host, port: 80 })),
    listen(questions, { path: socketPath }),
  ]);
  process.on("SIGTERM", () => process.exit(0));
}

/** IPv4 only. Every MAC that answers an ARP request for `ip`: none, one, or (never!) more. */
async function macsAnsweringFor(ip: string): Promise<string[]> {
  const { stdout } = await execa("arping", ["-b", "-c", "1", "-w", "1", "-I", "eth0", ip], { reject: false });
  return [...new Set([...stdout.matchAll(/\[([0-9A-F:]{17})\]/g)].map((m) => (m[1] as string).toLowerCase()))];
}

function listen(server: ReturnType<typeof createServer>, where: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(where, resolve);
  });
}

const [socketPath, ...addresses] = process.argv.slice(2);
if (socketPath === undefined || addresses.length === 0) throw new Error("usage: witness SOCKET ADDRESS…");
await main(socketPath, addresses);
