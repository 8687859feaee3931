/**
 * The lab's Git server, a process of its own on the forge host: smart HTTP on the nodes' network, the same on a unix
 * socket for the machine's loopback. A push pokes the reconciler, as a webhook would.
 *
 *     node git-host.ts REPOSITORIES ADDRESS SOCKET RECONCILER-SOCKET
 */
import { request } from "node:http";
import { serveGit } from "./git-server.ts";

const [root, host, socketPath, reconcilerSocket] = process.argv.slice(2) as [string, string, string, string];

function pokeReconciler(): void {
  // The reconciler may be down; it polls anyway.
  request({ socketPath: reconcilerSocket, path: "/trigger", method: "POST" })
    .on("error", () => {})
    .on("response", (response) => response.resume())
    .end();
}

await serveGit({ root, host, port: 80, onPush: pokeReconciler });
await serveGit({ root, socketPath, onPush: pokeReconciler });
process.on("SIGTERM", () => process.exit(0));
