import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { untilTerminated } from "../signals.ts";

interface Flags {
  cluster: string;
  repository: string;
  ref: string;
  path: string;
  inventory: string;
  listen: { host: string; port: number };
  adminSocket?: string;
  tlsCa: string;
  tlsCert: string;
  tlsKey: string;
}

export function addReconcileCommand(program: Command): void {
  program
    .command("reconcile")
    .description("pull manifests from Git, plan, signal the agents, and tell the truth on the status branch")
    .requiredOption("--cluster <name>", "name of the cluster; status goes to the branch sallyport/status/<name>")
    .requiredOption("--repository <url>", "http(s) URL of the Git repository")
    .option("--ref <ref>", "full name of the ref to follow", "refs/heads/main")
    .option("--path <folder>", "folder of the repository that holds this cluster's manifests", "")
    .requiredOption(
      "--inventory <file>",
      "what `kubectl get nodes,namespaces,pods -A -o json` prints; followed as it changes",
    )
    .requiredOption("--listen <host:port>", "where agents connect", parseHostPort)
    .requiredOption("--tls-ca <file>", "PEM certificate of the authority that signs the agents' certificates")
    .requiredOption("--tls-cert <file>", "PEM certificate of this server")
    .requiredOption("--tls-key <file>", "PEM key of this server")
    .option("--admin-socket <path>", "unix socket for status and triggers")
    .addHelpText(
      "after",
      `
Credentials for the repository come from the environment: SALLYPORT_GIT_TOKEN, or SALLYPORT_GIT_USERNAME and
SALLYPORT_GIT_PASSWORD.

Example:
  sallyport reconcile --cluster prod --repository https://git.example/net/egress.git --path clusters/prod \\
    --inventory inventory.json --listen 0.0.0.0:7443 --tls-ca ca.crt --tls-cert tls.crt --tls-key tls.key`,
    )
    .action(async (flags: Flags) => {
      const { runReconciler } = await import("../../reconciler/main.ts");
      const [ca, cert, key] = await Promise.all(
        [flags.tlsCa, flags.tlsCert, flags.tlsKey].map((f) => readFile(f, "utf8")),
      );
      await runReconciler(
        {
          cluster: flags.cluster,
          repository: {
            url: flags.repository,
            ref: flags.ref,
            path: flags.path,
            auth: authFromEnvironment(process.env),
          },
          inventoryFile: flags.inventory,
          listen: { ...flags.listen, tls: { ca: ca as string, cert: cert as string, key: key as string } },
          adminSocket: flags.adminSocket,
        },
        untilTerminated(),
      );
    });
}

function authFromEnvironment(env: NodeJS.ProcessEnv) {
  const { SALLYPORT_GIT_TOKEN: bearer, SALLYPORT_GIT_USERNAME: username, SALLYPORT_GIT_PASSWORD: password } = env;
  if (bearer !== undefined) return { bearer };
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}

function parseHostPort(text: string): { host: string; port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) throw new InvalidArgumentError("write HOST:PORT, for example 0.0.0.0:7443");
  return { host: (match[1] as string).replace(/^\[|\]$/g, ""), port };
}
