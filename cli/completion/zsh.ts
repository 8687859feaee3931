import type { Flag, Values, Verb } from "./verbs.ts";

/** As a file `_sallyport` in a folder of `fpath`, or sourced after `compinit`. */
export function zshScript(verbs: readonly Verb[]): string {
  return `#compdef sallyport
# zsh completion for sallyport

${verbs.map(verbFunction).join("\n\n")}

if [ "$funcstack[1]" = "_sallyport" ]; then
  _sallyport "$@"
else
  compdef _sallyport sallyport
fi
`;
}

const functionOf = (path: readonly string[]): string => ["_sallyport", ...path].join("_");

function verbFunction({ path, flags, subcommands, argument }: Verb): string {
  const specs = flags.flatMap(flagSpecs);
  if (subcommands.length === 0) {
    const rest = `'*:argument:${actionOf(argument)}'`;
    const all = argument.kind === "nothing" ? specs : [...specs, rest];
    return `${functionOf(path)}() {\n  _arguments -s ${all.join(" ")}\n}`;
  }
  const described = subcommands.map(({ name, description }) => quoted(`${name}:${description.replaceAll(":", "\\:")}`));
  return `${functionOf(path)}() {
  local context state line
  typeset -A opt_args
  _arguments -C ${specs.join(" ")} '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands=(${described.join(" ")})
      _describe command commands
      ;;
    argument)
      case $line[1] in
${subcommands.map(({ name }) => `        ${name}) ${functionOf([...path, name])} ;;`).join("\n")}
      esac
      ;;
  esac
}`;
}

function flagSpecs({ names, description, value, repeatable }: Flag): string[] {
  const said = description.replace(/[[\]\\:]/g, "\\$&");
  const takes = value === null ? "" : `:value:${actionOf(value)}`;
  const exclusive = repeatable ? "*" : `(${names.join(" ")})`;
  return names.map((name) => quoted(`${exclusive}${name}[${said}]${takes}`));
}

function actionOf(values: Values): string {
  switch (values.kind) {
    case "files":
      return "_files";
    case "folders":
      return "_files -/";
    case "words":
      return `(${values.words.join(" ")})`;
    case "nothing":
      return " ";
    default:
      return values satisfies never;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
