/** Completion scripts made from the program itself, so that they offer what it understands and nothing else. */
import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { verbsOf } from "./verbs.ts";
import { zshScript } from "./zsh.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionScript(program: Command, shell: keyof typeof scripts): string {
  return scripts[shell](verbsOf(program));
}
