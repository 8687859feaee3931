import type { PortBlock } from "../policies/nodestate.ts";

export function hasPort({ firstPort, ports }: PortBlock, port: number): boolean {
  return port >= firstPort && port < firstPort + ports;
}
