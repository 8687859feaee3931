/**
 * The outside host's end: speaks on downloads, listens on uploads, answers datagrams. Asked {"mark": true} it begins to
 * measure anew, {"clear": true} it forgets; it answers with the uploads' Silence.
 *
 *     node server.ts ADDRESS
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { createListening, EVERY_MS, PORTS } from "./flows.ts";

const [address = ""] = process.argv.slice(2);
const uploads = createListening();

for (const port of PORTS.download) {
  createServer((socket) => {
    const timer = setInterval(() => socket.write("."), EVERY_MS);
    socket.on("error", () => {}).on("close", () => clearInterval(timer));
  }).listen({ host: address, port, backlog: 4_096 });
}
for (const port of PORTS.upload) {
  createServer((socket) => {
    const key = `${port} ${socket.remoteAddress} ${socket.remotePort}`;
    socket.on("data", () => uploads.heard(key));
    socket.on("error", () => {}).on("close", () => uploads.ended(key));
  }).listen({ host: address, port, backlog: 4_096 });
}
for (const port of PORTS.udp) {
  const socket = createSocket("udp4").on("error", () => {});
  socket.on("message", (data, peer) => socket.send(data, peer.port, peer.address, () => {})).bind(port, address);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { mark, clear } = JSON.parse(line) as { readonly mark?: boolean; readonly clear?: boolean };
  if (mark) uploads.mark();
  if (clear) uploads.clear();
  console.log(JSON.stringify(uploads.silence()));
});
