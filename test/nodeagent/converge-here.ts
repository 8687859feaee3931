/** One pass in the network namespace of this process; input and outcome are JSON, as argument and on standard output. */
import { type ConvergeInput, type Convergence, converge } from "../../nodeagent/converge.ts";
import { openKernel } from "../../nodeagent/kernel/kernel.ts";
import { reportOf } from "../../nodeagent/report.ts";

const input = JSON.parse(process.argv[2] ?? "") as ConvergeInput;
const kernel = openKernel();
const result = await converge(input, kernel, (_what, work) => void work);
const report = reportOf(input.state.node, null, result, { identity: null, lease: null });
// By lease, the neighbours are told when the address opens: here it always is.
if (input.state.lease !== null) for (const added of addedAddresses(result)) void kernel.announcer.announce(added);
console.log(JSON.stringify(report));

function addedAddresses({ changes, observed }: Convergence) {
  return changes.flatMap((change) => {
    const [, ip, device] = /^added floating address (\S+) to (\S+)$/.exec(change) ?? [];
    const mac = observed?.links.find(({ name }) => name === device)?.mac;
    return ip && device && mac ? [{ ip, device, mac }] : [];
  });
}
