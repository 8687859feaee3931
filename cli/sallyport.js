#!/usr/bin/env node
// Plain JavaScript that every Node can read: it says in one line when this one is too old, then loads the command.
// In a clone that is TypeScript; the package carries built files, since Node runs no TypeScript below node_modules.
import { existsSync } from "node:fs";

const required = 24;
if (Number(process.versions.node.split(".")[0]) < required) {
  process.stderr.write(`sallyport needs Node ${required} or newer; this is ${process.versions.node}\n`);
  process.exit(3);
}
const source = new URL("./main.ts", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
await main(process.argv);
