/** In a host: which ways of talking to oneself go through, printed as JSON. The UDP port is not the lease's. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { execa } from "execa";

const PORT = 7792;
const WITHIN_MS = 2_000;

async function datagram(type: "udp4" | "udp6", address: string): Promise<void> {
  const socket = createSocket(type).bind(PORT, address);
  await once(socket, "listening");
  socket.send("to myself", PORT, address);
  await once(socket, "message", { signal: AbortSignal.timeout(WITHIN_MS) });
}

async function connection(address: string): Promise<void> {
  await once(createServer().listen(PORT, address), "listening");
  await once(connect(PORT, address), "connect", { signal: AbortSignal.timeout(WITHIN_MS) });
}

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  "UDP 127.0.0.1": () => datagram("udp4", "127.0.0.1"),
  "UDP ::1": () => datagram("udp6", "::1"),
  "TCP 127.0.0.1": () => connection("127.0.0.1"),
  "TCP ::1": () => connection("::1"),
  "ICMP 127.0.0.1": () => execa("ping", ["-c", "1", "-w", "2", "127.0.0.1"]),
  "ICMP ::1": () => execa("ping", ["-c", "1", "-w", "2", "::1"]),
};
const passes = await Promise.all(
  Object.entries(ways).map(([way, go]) =>
    go().then(
      () => [way],
      () => [],
    ),
  ),
);
console.log(JSON.stringify(passes.flat()));
process.exit(0);
