/** One pass on a node of network.ts, for whoever plays several nodes at once. */
import { execa } from "execa";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { attachment } from "./states.ts";

/** @param pods addresses of those whose MAC address the node may learn */
export async function convergeOn(state: NodeState, pods: readonly string[]): Promise<NodeReport> {
  const input = { state, attachments: pods.map(attachment), interfaceName: null };
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const enter = [`--net=/run/netns/${state.node}`, process.execPath, script, JSON.stringify(input)];
  return JSON.parse((await execa("nsenter", enter)).stdout) as NodeReport;
}
