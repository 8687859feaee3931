/** What a shell must know of a command: its subcommands, its flags, and what their values and its arguments are. */
import type { Command, Option } from "commander";

export interface Verb {
  /** Words after the program's name; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly Flag[];
  /** Of its arguments; of the first, where they differ. */
  readonly argument: Values;
}

export interface Flag {
  readonly names: readonly string[];
  readonly description: string;
  /** Null for a switch. */
  readonly value: Values | null;
  readonly repeatable: boolean;
}

export type Values =
  | { readonly kind: "files" | "folders" | "nothing" }
  | { readonly kind: "words"; readonly words: readonly string[] };

/** The program first, then its visible commands with theirs. */
export function verbsOf(program: Command): Verb[] {
  return describe(program, []);
}

function describe(command: Command, path: readonly string[]): Verb[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== "help");
  const [argument] = command.registeredArguments;
  const verb = {
    path,
    description: command.description(),
    subcommands: children.map((child) => ({ name: child.name(), description: oneLine(child.description()) })),
    flags: help.visibleOptions(command).map(describeFlag),
    argument: argument === undefined ? ({ kind: "nothing" } as const) : valuesOf(argument.name(), argument.argChoices),
  };
  return [verb, ...children.flatMap((child) => describe(child, [...path, child.name()]))];
}

function describeFlag(option: Option): Flag {
  const takesValue = option.required || option.optional;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? "";
  return {
    names: [option.short, option.long].filter((name) => name != null),
    description: oneLine(option.description),
    value: takesValue ? valuesOf(placeholder, option.argChoices) : null,
    repeatable: Array.isArray(option.defaultValue),
  };
}

/** The placeholder in the usage says what a value is. */
function valuesOf(placeholder: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (/^(file|path)\b/.test(placeholder)) return { kind: "files" };
  return { kind: /^(directory|folder)\b/.test(placeholder) ? "folders" : "nothing" };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
