/** What a source node hands over, or a gateway takes, in the network namespace of this process; as JSON. */

import { familyOf } from "../../../nodeagent/addresses.ts";
import type { HandedFlows } from "../../../nodeagent/flows/messages.ts";
import { connectionsOf, recordsOf } from "../../../nodeagent/flows/records.ts";
import { createConntrack } from "../../../nodeagent/kernel/conntrack.ts";
import type { NodeState } from "../../../policies/nodestate.ts";

const { state, from, message } = JSON.parse(process.argv[2] ?? "") as {
  readonly state: NodeState;
  readonly from: string | null;
  readonly message: HandedFlows;
};
const conntrack = createConntrack();
if (from === null) {
  const flows = await conntrack.listMarked(familyOf(state.underlayIP), message.id);
  console.log(JSON.stringify({ ...message, flows: recordsOf(flows, state) }));
} else {
  await conntrack.create(connectionsOf(state, from, message) ?? []);
  console.log("{}");
}
