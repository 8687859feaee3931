/** What this node lacks, found out before anything is touched. Reads only. */
import { CommandError, tryRun } from "./kernel/run.ts";
import type { Sysctl } from "./kernel/sysctl.ts";

/** @returns one line for each lack, saying what to do; empty when the node is fit. */
export async function preflight(sysctl: Pick<Sysctl, "read">): Promise<readonly string[]> {
  const lacks = await Promise.all([
    checkNft(),
    checkIp(),
    checkTool("bridge", ["-V"], /./, "install the package iproute2"),
    checkTool("conntrack", ["--version"], /conntrack v/, "install the package conntrack"),
    checkTool("arping", ["-V"], /iputils/, "install the package iputils-arping; Debian's arping is another program"),
    checkForwarding(sysctl),
  ]);
  return lacks.filter((lack) => lack !== null);
}

async function checkNft(): Promise<string | null> {
  // A table nobody has: the answer "no such table" already takes the whole way through the kernel and back.
  const args = ["-j", "list", "table", "inet", "sallyport_preflight"];
  const result = await tryRun("nft", args);
  if (result.missing) return "nft is missing: install the package nftables";
  if (/JSON support not compiled-in/.test(result.stderr))
    return "nft was built without JSON: install another build of it";
  const error = new CommandError(["nft", ...args], result);
  return result.exitCode === 0 || error.notFound ? null : `nftables cannot be used: ${error.message}`;
}

async function checkIp(): Promise<string | null> {
  const result = await tryRun("ip", ["link", "help", "vxlan"]);
  if (result.missing) return "ip is missing: install the package iproute2";
  return /\bgbp\b/.test(result.stdout + result.stderr)
    ? null
    : "ip knows no VXLAN group policy (gbp): install a newer iproute2";
}

async function checkTool(
  tool: string,
  args: readonly string[],
  expected: RegExp,
  remedy: string,
): Promise<string | null> {
  const result = await tryRun(tool, args);
  if (result.missing) return `${tool} is missing: ${remedy}`;
  return expected.test(result.stdout + result.stderr) ? null : `${tool} is not the program that is needed: ${remedy}`;
}

async function checkForwarding(sysctl: Pick<Sysctl, "read">): Promise<string | null> {
  return (await sysctl.read("ipv4/ip_forward")) === 1
    ? null
    : "this node does not forward: set the sysctl net.ipv4.ip_forward to 1";
}
