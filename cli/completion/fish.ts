import type { Flag, Values, Verb } from "./verbs.ts";

/** For fish 3 or newer: conditions come from functions that fish itself brings. */
export function fishScript(verbs: readonly Verb[]): string {
  const lines = verbs.flatMap((verb) => {
    const condition = conditionOf(verb);
    return [
      ...verb.subcommands.map(({ name, description }) => complete(condition, `-a ${name} -d ${quoted(description)}`)),
      ...verb.flags.map((flag) => complete(condition, flagOptions(flag))),
      ...argumentLines(verb, condition),
    ];
  });
  return `# fish completion for sallyport\n\ncomplete -c sallyport -f\n${lines.join("\n")}\n`;
}

function complete(condition: string, what: string): string {
  return `complete -c sallyport -n ${quoted(condition)} ${what}`;
}

/** Of a verb with subcommands, none of them has been written yet. */
function conditionOf({ path, subcommands }: Verb): string {
  if (path.length === 0) return "__fish_use_subcommand";
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const next = subcommands.map(({ name }) => name).join(" ");
  return [...seen, ...(next === "" ? [] : [`not __fish_seen_subcommand_from ${next}`])].join("; and ");
}

function flagOptions({ names, description, value }: Flag): string {
  const written = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  // -x: a value, and no files beside those offered.
  const takes = value === null ? [] : [value.kind === "files" ? "-r -F" : `-x ${valueOptions(value)}`.trim()];
  return [...written, ...takes, `-d ${quoted(description)}`].join(" ");
}

function argumentLines(verb: Verb, condition: string): string[] {
  const options = verb.subcommands.length > 0 ? "" : valueOptions(verb.argument);
  return options === "" ? [] : [complete(condition, options)];
}

function valueOptions(values: Values): string {
  switch (values.kind) {
    case "files":
      return "-F";
    case "folders":
      return `-a ${quoted("(__fish_complete_directories)")}`;
    case "words":
      return `-a ${quoted(values.words.join(" "))}`;
    case "nothing":
      return "";
    default:
      return values satisfies never;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
