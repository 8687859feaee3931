/** What the kernel's tools are started with: they live in sbin, which an unprivileged PATH lacks, and speak English. */
export const TOOL_ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  LC_ALL: "C",
  PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`,
};
