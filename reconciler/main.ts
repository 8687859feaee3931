/** The reconciler: builds its parts and hands over. The command line is parsed elsewhere. */
import { once } from "node:events";
import { pino } from "pino";
import { serveAdmin } from "./admin.ts";
import { watchInventory } from "./inventory/watch.ts";
import { Loop } from "./loop.ts";
import { type SignalServerOptions, serveSignals } from "./signal/server.ts";
import { openWitnessDesk } from "./signal/witness.ts";
import type { GitAuth } from "./source/http.ts";
import { openRemoteSource } from "./source/remote.ts";
import { openStatusBranch } from "./status/branch.ts";
import { startClocks } from "./triggers.ts";

export interface ReconcilerOptions {
  readonly cluster: string;
  readonly repository: {
    readonly url: string;
    readonly ref: string;
    readonly path: string;
    readonly auth?: GitAuth | undefined;
  };
  readonly inventoryFile: string;
  readonly listen: SignalServerOptions;
  readonly adminSocket?: string | undefined;
}

/** Runs until the signal aborts. Rejects when a part cannot start; the message is one line. */
export async function runReconciler(options: ReconcilerOptions, signal: AbortSignal): Promise<void> {
  const { cluster, repository } = options;
  const log = pino({ base: { cluster } });
  const source = openRemoteSource(repository);
  const status = openStatusBranch({
    url: repository.url,
    auth: repository.auth,
    branch: `sallyport/status/${cluster}`,
    author: { name: "Sallyport", email: `${cluster}@sallyport.dev` },
    clock: () => new Date(),
  });
  const inventory = await watchInventory(options.inventoryFile, () => {
    const problem = inventory.problem();
    if (problem !== undefined) log.warn(`the inventory cannot be read, the last view stays: ${problem}`);
    loop.trigger("inventory");
  });
  const desk = openWitnessDesk(() => performance.now());
  const channel = await serveSignals(
    { ...options.listen, desk },
    {
      onReport: (report) => loop.receive(report),
      onConnect: (node) => log.info({ node }, "agent connected"),
      onDisconnect: (node) => {
        log.warn({ node }, "agent disconnected; its rules stay");
        loop.trigger("report");
      },
    },
  );
  const clocks = startClocks(
    () => loop.trigger("git"),
    () => channel.verify(),
    Math.random,
  );
  const loop = new Loop(
    {
      cluster,
      repository: repository.url,
      source,
      status,
      channel,
      witness: desk.witness,
      view: inventory.view,
      nowMs: Date.now,
      onInForce: ({ pollIntervalSeconds, schedule }) => clocks.set(pollIntervalSeconds, schedule),
      log,
    },
    signal,
  );
  const look = (): void => loop.trigger("git");
  const admin =
    options.adminSocket === undefined ? undefined : await serveAdmin(options.adminSocket, () => loop.status(), look);
  look();
  log.info({ repository: repository.url, ref: repository.ref }, "reconciler started");
  if (!signal.aborted) await once(signal, "abort");
  clocks.stop();
  inventory.close();
  admin?.close();
  admin?.closeAllConnections();
  await loop.stop();
  await channel.close();
  log.info("reconciler ended; rules and addresses stay on the nodes");
}
