import type { Command } from "commander";

export function addUninstallCommand(program: Command): void {
  program
    .command("uninstall")
    .description(
      "remove every table, device, rule, route and floating IP of Sallyport from this node; stop the agent first",
    )
    .option("--state-file <file>", "where the agent kept its last known state", "/var/lib/sallyport/state.json")
    .option("--interface <name>", "underlay interface, if the agent was told one")
    .addHelpText(
      "after",
      `
Floating IPs that this node holds by lease are given up first: other nodes take them over at once. Nothing else is touched:
other tables, addresses and routes stay. It can be run again.

Example:
  sallyport uninstall`,
    )
    .action(async (flags: { stateFile: string; interface?: string }) => {
      const { uninstall } = await import("../../nodeagent/main.ts");
      for (const removed of await uninstall(flags)) process.stdout.write(`${removed}\n`);
    });
}
