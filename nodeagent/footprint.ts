/** How Node runs where it shares a machine with the pods. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 without its optimizing compilers: an agent does little, seldom. They would lay 9 MB of code pages and their output
 * into memory to save milliseconds of CPU an hour (on a node of 250 pods 82 → 66 MiB, and convergence takes no longer).
 */
const FLAGS = ["--no-opt", "--no-maglev", "--optimize-for-size"];

/**
 * To be called before there is much to run. These flags are asked whenever code gets hot and memory is collected, so they
 * may be set while V8 runs, as others may not (nodejs.org/api/v8.html#v8setflagsfromstringflags).
 */
export function preferSmallFootprint(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
