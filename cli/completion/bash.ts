import type { Values, Verb } from "./verbs.ts";

/**
 * For bash 4 or newer, with or without the package bash-completion. Words of the program are letters, digits and dashes,
 * so nothing needs quoting.
 */
export function bashScript(verbs: readonly Verb[]): string {
  return `# bash completion for sallyport; source it, or put it where bash-completion looks.

_sallyport() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word
  local -i i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path/$word" in
      ${verbs
        .filter(hasPath)
        .map(({ path }) => `/${path.join("/")}`)
        .join(" | ")}) path=$path/$word ;;
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${verbs.flatMap(valueCases).join("\n")}
  esac
  case "$path $current" in
${verbs.map(flagCase).join("\n")}
  esac
  case "$path" in
${verbs.map(argumentCase).join("\n")}
  esac
}

complete -F _sallyport sallyport
`;
}

const hasPath = ({ path }: Verb): boolean => path.length > 0;
const pathOf = ({ path }: Verb): string => path.map((name) => `/${name}`).join("");

function valueCases(verb: Verb): string[] {
  return verb.flags.flatMap(({ names, value }) => {
    if (value === null) return [];
    const patterns = names.map((name) => `"${pathOf(verb)} ${name}"`).join(" | ");
    return [`    ${patterns}) ${offer(value)}; return ;;`];
  });
}

function flagCase(verb: Verb): string {
  const names = verb.flags.flatMap((flag) => flag.names);
  return `    "${pathOf(verb)} -"*) COMPREPLY=($(compgen -W "${names.join(" ")}" -- "$current")); return ;;`;
}

function argumentCase(verb: Verb): string {
  const words = verb.subcommands.map(({ name }) => name);
  return `    "${pathOf(verb)}") ${words.length > 0 ? offer({ kind: "words", words }) : offer(verb.argument)} ;;`;
}

/** `filenames` makes bash quote names with spaces and end folders with a slash. */
function offer(values: Values): string {
  const files = (option: string) =>
    `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen ${option} -- "$current")`;
  switch (values.kind) {
    case "files":
      return files("-f");
    case "folders":
      return files("-d");
    case "words":
      return `COMPREPLY=($(compgen -W "${values.words.join(" ")}" -- "$current"))`;
    case "nothing":
      return ":";
    default:
      return values satisfies never;
  }
}
