import type { Command } from "commander";
import { uninstall } from "../../nodeagent/main.ts";

export function addUninstallCommand(program: Command): void {
  program
    .command("uninstall")
    .description(
      "remove every table, device, rule, route and floating IP of Sallyport from this node; stop the agent first",
    )
    .action(async () => {
      for (const removed of await uninstall()) process.stdout.write(`${removed}\n`);
    });
}
