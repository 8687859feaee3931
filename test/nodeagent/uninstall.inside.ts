/** Removes the agent's traces in the network namespace of this process. */
import { openKernel } from "../../nodeagent/kernel/kernel.ts";
import { uninstall } from "../../nodeagent/uninstall.ts";

console.log(JSON.stringify(await uninstall(openKernel())));
