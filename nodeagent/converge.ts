/** One pass: observe, diff, apply, verify. Idempotent from any state the kernel may be in. */
import type { NodePod, NodeState } from "../policies/nodestate.ts";
import { diff } from "./diff/diff.ts";
import { execute, type InBackground } from "./execute.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { type ObservedKernel, observe } from "./observe.ts";
import { type CniAttachment, matchPods } from "./pods/match.ts";
import { render } from "./render.ts";

export interface ConvergeInput {
  readonly state: NodeState;
  /** Newest first. */
  readonly attachments: readonly CniAttachment[];
  /** `null`: the interface that carries the state's underlay address. */
  readonly interfaceName: string | null;
}

export interface Convergence {
  /** `null`: the kernel was seen to hold what it should. Otherwise why not, in one line. */
  readonly error: string | null;
  /** What was changed, in words; also of a pass that failed later on. */
  readonly changes: readonly string[];
  /** As seen last; `null` when it could not even be read. */
  readonly observed: ObservedKernel | null;
  readonly unknownPods: readonly NodePod[];
}

export interface Seen {
  readonly kernel: ObservedKernel;
  /** False: by an earlier pass. It is acted on at once, and the kernel is looked at afterwards in any case. */
  readonly isFresh: boolean;
}

/** Never throws for what the kernel refuses. */
export async function converge(
  input: ConvergeInput,
  kernel: Kernel,
  inBackground: InBackground,
  seen?: Seen,
): Promise<Convergence> {
  const { known, unknown } = matchPods(input.state.pods, input.attachments);
  const changes: string[] = [];
  const difference = (at: ObservedKernel) => diff(render(input.state, known, at.links, input.interfaceName), at);
  let observed: ObservedKernel | null = null;
  let error: string | null = null;
  try {
    const { kernel: before, isFresh } = seen ?? { kernel: await observe(kernel), isFresh: true };
    const { actions, conflicts } = difference(before);
    if (isFresh && actions.length === 0) {
      return { error: conflicts[0] ?? null, changes, observed: before, unknownPods: unknown };
    }
    for (const action of actions) changes.push(...(await execute(action, kernel, inBackground)));
  } catch (thrown) {
    error = oneLine(thrown);
  }
  try {
    observed = await observe(kernel);
    const left = difference(observed);
    error ??= left.conflicts[0] ?? unsettled(left.actions.flatMap(({ says }) => says));
  } catch (thrown) {
    error ??= oneLine(thrown);
  }
  return { error, changes, observed, unknownPods: unknown };
}

function unsettled(left: readonly string[]): string | null {
  return left.length === 0 ? null : `the kernel did not keep what was written, missing: ${left[0]}`;
}

export function oneLine(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split("\n")[0] ?? "";
}
