/** `npm start`: builds a lab, tells the story, and on a terminal stays up so that a person can go on. */
import { openGate } from "../gate.ts";
import { Lab } from "../lab.ts";
import { restorePolicy, tellStory } from "./story.ts";
import { Workstation } from "./workstation.ts";

export interface DemoFlags {
  readonly name: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** @param quickstart folder with the seed document's manifests. Sets process.exitCode: 0 only if every observation held. */
export async function runDemo(flags: DemoFlags, quickstart: string, terminated: AbortSignal): Promise<void> {
  // With --json the document is the last line of stdout; the story goes to stderr, where it disturbs no pipe.
  const out = flags.json ? process.stderr : process.stdout;
  const print = (line: string): boolean => out.write(`${line}\n`);
  const startedAtMs = performance.now();
  await using lab = await Lab.start(flags.name, { nodes: 3, manifests: quickstart }, (line) => print(`lab: ${line}`));
  terminated.addEventListener("abort", () => lab.down());
  try {
    const station = await Workstation.clone(lab);
    const result = await tellStory(lab, station, print);
    const held = result.observations.filter((o) => o.ok).length;
    print(
      `\n${held} of ${result.observations.length} observations held; commit to packet: ${result.commitToPacketMs.join(", ")} ms`,
    );
    print(`whole story: ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    if (!result.ok) process.exitCode = 1;
    if (flags.once || !process.stdout.isTTY) return;
    await restorePolicy(lab, station);
  } catch (error) {
    if (terminated.aborted) return;
    throw error;
  }
  const gate = await openGate(lab, 0);
  lab.publishGateUrl(gate.url);
  print(howToGoOn(lab.running.name, gate.url));
  await lab.ended();
  gate.close();
}

const howToGoOn = (name: string, url: string): string => {
  const flag = name === "default" ? "" : ` --name ${name}`;
  return `
The lab stays up until Ctrl-C. In another terminal:
  git clone ${url}/manifests.git && cd manifests       edit, commit, push: the lab follows
  git fetch && git show origin/sallyport/status/lab:README.md   what the status branch says
  curl ${url}/status                                    where the reconciler is
  npx sallyport lab exec${flag} alice/frontend-1 -- curl -s http://198.51.100.10/   who does the outside host see?
  npx sallyport lab exec${flag} worker1 -- nft list table inet sallyport            what the agent made of it
  npx sallyport lab status${flag}`;
};
