/** The door to netlink: many small messages at once, through socat, since Node.js has no such sockets. */
import { run } from "./run.ts";
import { withUnnamedFile } from "./unnamed-file.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_NETFILTER = 12;
/** What follows the family in sockaddr_nl: padding 2, port 4, groups 4; all zero: the kernel (netlink(7)). */
const KERNEL = "00".repeat(10);
/** Far below a socket's send buffer; the kernel takes any number of messages in a datagram. */
const MESSAGES_PER_DATAGRAM = 64;

/** In no particular order. The kernel's answers are not read: whoever must know looks. */
export async function sendToNetfilter(messages: readonly Buffer[]): Promise<void> {
  // Each datagram holds whole messages only where all have one length.
  for (const [bytes, each] of Map.groupBy(messages, ({ length }) => length)) await send(each, bytes);
}

async function send(messages: readonly Buffer[], bytes: number): Promise<void> {
  const socket = `SOCKET-SENDTO:${AF_NETLINK}:${SOCK_RAW}:${NETLINK_NETFILTER}:x${KERNEL}`;
  await withUnnamedFile(Buffer.concat(messages), (path) =>
    run("socat", ["-u", `-b${bytes * MESSAGES_PER_DATAGRAM}`, `OPEN:${path},rdonly`, socket]),
  );
}
