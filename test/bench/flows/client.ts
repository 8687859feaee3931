/**
 * A pod's end: listens on downloads, on which it never says a word, speaks on uploads, and sends datagrams that are
 * answered. Asked {"mark": true} it begins to measure anew, {"end": true} it ends; it answers with the Silence of
 * downloads and datagrams.
 *
 *     node client.ts ADDRESS CONNECTIONS DATAGRAM_FLOWS
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { createListening, EVERY_MS, PORTS } from "./flows.ts";

const [host = "", connections = "1000", datagramFlows = "200"] = process.argv.slice(2);
const downloads = createListening();
const datagrams = createListening();
/** So that the server's queue of new connections does not overflow. */
const BETWEEN_MS = 2;

function open(number: number): void {
  const download = connect({ host, port: PORTS.download[number % PORTS.download.length] ?? 0 });
  const key = String(number);
  download.on("data", () => downloads.heard(key));
  download.on("error", () => {}).on("close", () => downloads.ended(key));
  const upload = connect({ host, port: PORTS.upload[number % PORTS.upload.length] ?? 0 });
  const timer = setInterval(() => upload.write("."), EVERY_MS);
  upload.on("error", () => {}).on("close", () => clearInterval(timer));
}

function send(number: number): void {
  const socket = createSocket("udp4").on("error", () => {});
  socket.on("message", () => datagrams.heard(String(number)));
  setInterval(() => socket.send(".", PORTS.udp[0], host, () => {}), EVERY_MS);
}

for (let number = 0; number < Number(connections); number++) setTimeout(() => open(number), BETWEEN_MS * number);
for (let number = 0; number < Number(datagramFlows); number++) setTimeout(() => send(number), BETWEEN_MS * number);

createInterface({ input: process.stdin }).on("line", (line) => {
  const { mark, end } = JSON.parse(line) as { readonly mark?: boolean; readonly end?: boolean };
  if (mark) {
    downloads.mark();
    datagrams.mark();
  }
  console.log(JSON.stringify({ download: downloads.silence(), udp: datagrams.silence() }));
  if (end) process.exit();
});
