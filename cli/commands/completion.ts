import { Argument, type Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;

const EXAMPLES = `
Examples:
  source <(sallyport completion bash)                             in ~/.bashrc
  sallyport completion zsh > "\${fpath[1]}/_sallyport"             once; needs compinit in ~/.zshrc
  sallyport completion fish > ~/.config/fish/completions/sallyport.fish`;

export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes verbs, flags and file names in a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { completionScript } = await import("../completion/completion.ts");
      process.stdout.write(completionScript(program, shell));
    });
}
