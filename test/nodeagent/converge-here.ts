/** One pass in the network namespace of this process; input and outcome are JSON, as argument and on standard output. */
import { type ConvergeInput, converge } from "../../nodeagent/converge.ts";
import { openKernel } from "../../nodeagent/kernel/kernel.ts";
import { reportOf } from "../../nodeagent/report.ts";

const input = JSON.parse(process.argv[2] ?? "") as ConvergeInput;
const result = await converge(input, openKernel(), (_what, work) => void work);
const report = reportOf(input.state.node, null, result, { identity: null, lease: null });
console.log(JSON.stringify(report));
