import type { Command } from "commander";

export function addUninstallCommand(program: Command): void {
  program
    .command("uninstall")
    .description(
      "remove every table, device, rule, route and floating IP of Sallyport from this node; stop the agent first",
    )
    .addHelpText(
      "after",
      `
Nothing else is touched: other tables, addresses and routes stay. It can be run again.

Example:
  sallyport uninstall`,
    )
    .action(async () => {
      const { uninstall } = await import("../../nodeagent/main.ts");
      for (const removed of await uninstall()) process.stdout.write(`${removed}\n`);
    });
}
