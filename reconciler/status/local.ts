/** The reconciler's memory as a clone of the repository has it: where the floating IPs really are, without a network. */
import { failuresAsValues, GitError, type GitFailure } from "../source/failure.ts";
import { type Git, openGit } from "../source/git.ts";
import { readState, type StoredState, statePath } from "./state.ts";

const prefix = "sallyport/status/";
const maxStateBytes = 64 * 1024 * 1024;

export type FoundState =
  /** `commit` is the status branch's tip. */
  | { readonly kind: "found"; readonly branch: string; readonly commit: string; readonly state: StoredState }
  /** `reason` is a sentence without a full stop. */
  | { readonly kind: "none"; readonly reason: string };

/**
 * Looks for the branch among local ones and those of remotes, and takes the one committed to last. Without a cluster's
 * name the repository must have the status branch of one cluster only.
 */
export function findStoredState(directory: string, cluster: string | undefined): Promise<FoundState | GitFailure> {
  const git = openGit(directory, undefined);
  return failuresAsValues(directory, async () => {
    const repository = await git(["rev-parse", "--git-dir"]);
    if (repository.exitCode !== 0) return none("the folder is in no Git repository");
    const branches = await listStatusBranches(git);
    const clusters = [...new Set(branches.map((branch) => branch.cluster))].sort();
    if (clusters.length === 0) return none("there is no status branch");
    if (cluster === undefined && clusters.length > 1) {
      return none(`there are status branches of ${clusters.join(", ")}: choose one with --cluster`);
    }
    const branch = branches.find((candidate) => candidate.cluster === (cluster ?? clusters[0]));
    if (branch === undefined) return none(`there is no status branch of ${cluster}, only of ${clusters.join(", ")}`);
    return await readBranch(git, branch);
  });
}

interface StatusBranch {
  readonly cluster: string;
  readonly commit: string;
}

/** The newest first. */
async function listStatusBranches(git: Git): Promise<StatusBranch[]> {
  const patterns = [`refs/heads/${prefix}**`, `refs/remotes/*/${prefix}**`];
  const args = ["for-each-ref", "--sort=-committerdate", "--format=%(objectname) %(refname)", ...patterns];
  const { exitCode, output, error } = await git(args);
  if (exitCode !== 0) throw new GitError("permanent", error);
  const lines = output
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => {
    const [commit = "", ref = ""] = line.split(" ");
    return { commit, cluster: ref.slice(ref.indexOf(prefix) + prefix.length) };
  });
}

async function readBranch(git: Git, { cluster, commit }: StatusBranch): Promise<FoundState> {
  const { exitCode, output } = await git(["cat-file", "blob", `${commit}:${statePath}`], { maxBytes: maxStateBytes });
  const files = new Map(exitCode === 0 ? [[statePath, output.toString("utf8")]] : []);
  const read = readState(files, cluster);
  if (read.kind === "state") return { kind: "found", branch: `${prefix}${cluster}`, commit, state: read.state };
  return none(read.kind === "refused" ? read.message : "the status branch is empty");
}

function none(reason: string): FoundState {
  return { kind: "none", reason };
}
