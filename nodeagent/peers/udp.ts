/** The node's socket to its peers. */
import { createSocket } from "node:dgram";
import { familyOf } from "../addresses.ts";

export interface UdpOptions {
  readonly ip: string;
  readonly port: number;
  readonly onDatagram: (datagram: Buffer, ip: string, port: number) => void;
  /** What the kernel said, as `ENETUNREACH`, `ENOBUFS`, `EPERM`; `unbound`: there is no socket at the moment. */
  readonly onNotSent: (code: string) => void;
  /** Never within the call. The address is missing, or the port is taken; tried again until closed. `null`: bound. */
  readonly onBound: (failure: string | null) => void;
}

export interface Udp {
  /** To the same port of another node. May be lost without a word. */
  send(datagram: Buffer, ip: string): void;
  /** Nothing is called back any more. */
  close(): void;
}

const BIND_RETRY_MS = 1_000;
/** Of one burst; the kernel gives at most net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

export function openUdp(options: UdpOptions): Udp {
  let bound: Bound | null = null;
  // With a lookup that answers at once, binding calls back at once too, and the caller does not have its `Udp` yet.
  let binding = setTimeout(bind, 0);
  let closeSocket = (): void => {};

  function bind(): void {
    closeSocket = bindOnce(
      options,
      (socket) => {
        bound = socket;
        options.onBound(null);
      },
      (failure) => {
        binding = setTimeout(bind, BIND_RETRY_MS);
        options.onBound(failure);
      },
    );
  }

  return {
    send(datagram, ip) {
      if (bound === null) options.onNotSent("unbound");
      else bound.send(datagram, ip);
    },
    close() {
      clearTimeout(binding);
      closeSocket();
      bound = null;
    },
  };
}

type Bound = Pick<Udp, "send">;

/** @returns what closes it */
function bindOnce(
  { ip, port, onDatagram, onNotSent }: UdpOptions,
  onReady: (socket: Bound) => void,
  onFailure: (reason: string) => void,
): () => void {
  const family = familyOf(ip);
  const socket = createSocket({
    type: family === 4 ? "udp4" : "udp6",
    ipv6Only: family === 6,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Addresses only, so nothing is to be looked up, and nothing is put off.
    lookup: (address, _, callback) => callback(null, address, family),
  });
  const refused = (error: Error): void => {
    socket.close();
    onFailure(error.message);
  };
  socket.once("error", refused);
  socket.bind({ address: ip, port, exclusive: true }, () => {
    socket.off("error", refused);
    socket.on("error", (error: NodeJS.ErrnoException) => onNotSent(error.code ?? error.message));
    socket.on("message", (datagram, from) => onDatagram(datagram, from.address, from.port));
    onReady({
      send(datagram, to) {
        socket.send(datagram, port, to, (error) => {
          if (error !== null) onNotSent((error as NodeJS.ErrnoException).code ?? error.message);
        });
      },
    });
  });
  return () => {
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.close();
  };
}
