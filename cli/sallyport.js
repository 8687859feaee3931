#!/usr/bin/env node
// Plain JavaScript that every Node can read: it says in one line when this one is too old, then loads the command.
// In a clone that is TypeScript; the package carries built files, since Node runs no TypeScript below node_modules.
import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

const required = 24;
if (Number(process.versions.node.split(".")[0]) < required) {
  process.stderr.write(`sallyport needs Node ${required} or newer; this is ${process.versions.node}\n`);
  process.exit(3);
}
// An agent does little, seldom, and shares its machine with the pods: V8's compilers would lay 17 MB of pages into its
// memory to save it milliseconds. Before anything is loaded, since the first function to get hot brings them in. These
// flags are asked whenever code gets hot or memory is collected; most others may not be set while V8 runs.
if (process.argv[2] === "agent") {
  for (const flag of ["--no-opt", "--no-maglev", "--no-sparkplug", "--optimize-for-size"]) setFlagsFromString(flag);
}
const source = new URL("./main.ts", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
await main(process.argv);
