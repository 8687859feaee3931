import type { Command } from "commander";
import { untilTerminated } from "../signals.ts";

interface Flags {
  node: string;
  server: string;
  tlsCa: string;
  tlsCert: string;
  tlsKey: string;
  stateFile: string;
  cniCache: string;
  interface?: string;
}

export function addAgentCommand(program: Command): void {
  program
    .command("agent")
    .description("converge this node's kernel to what the reconciler says, and report what is there")
    .requiredOption("--node <name>", "name of this node, as in its certificate's common name")
    .requiredOption("--server <url>", "https URL of the reconciler")
    .requiredOption("--tls-ca <file>", "PEM certificate of the authority that signs the server's certificate")
    .requiredOption("--tls-cert <file>", "PEM client certificate of this node")
    .requiredOption("--tls-key <file>", "PEM key of this node")
    .option("--state-file <file>", "where the last known state is kept", "/var/lib/sallyport/state.json")
    .option("--cni-cache <directory>", "where the CNI runtime keeps its results", "/var/lib/cni/results")
    .option("--interface <name>", "underlay interface (default: the one that carries the node's address)")
    .addHelpText(
      "after",
      `
The rules stay in the kernel when the agent stops.

Example:
  sallyport agent --node worker1 --server https://192.168.1.252:7443 --tls-ca ca.crt --tls-cert worker1.crt --tls-key worker1.key`,
    )
    .action(async (flags: Flags) => {
      // Loaded here: a process carries only the part it runs.
      const { runAgent } = await import("../../nodeagent/main.ts");
      await runAgent(
        {
          node: flags.node,
          server: flags.server,
          tls: { caFile: flags.tlsCa, certFile: flags.tlsCert, keyFile: flags.tlsKey },
          stateFile: flags.stateFile,
          cniCacheDirectory: flags.cniCache,
          interface: flags.interface,
        },
        untilTerminated(),
      );
    });
}
