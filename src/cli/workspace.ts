import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { parseSelection, type Selection, type SelectionFlags, selectClusters } from "../fleet/selection.ts";
import { historyReader } from "../git/history.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import { CommitTree } from "../git/tree.ts";
import type { RecordStore } from "../record/store.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type {
  ClusterResource,
  DesiredState,
  Diagnostic,
  RepositoryResource,
} from "../resources/model/desired.ts";
import type { ResourceDocument } from "../resources/read/document.ts";
import type { HistoryReader } from "../rotation/history.ts";
import { shellWord } from "../rotation/remedy-command.ts";
import { diagnosticText } from "../views/text/diagnostic-text.ts";
import type { Files } from "../views/text/yaml-diff.ts";
import { checkAcknowledgements } from "./check-acknowledgements.ts";
import { folderAbove } from "./folder-above.ts";
import { loadInRepository } from "./load-in-repository.ts";
import { openRecord } from "./open-record.ts";
import type { Terminal } from "./terminal.ts";

/** A folder of resources, checked, with everything that plan and apply need around it. */
export interface Workspace {
  readonly folder: string;
  /** What variables in resources stand for. */
  readonly env: NodeJS.ProcessEnv;
  readonly commit: string | null;
  /** `null` outside of git. */
  readonly git: Repository | null;
  readonly repository: RepositoryResource;
  /** Where the `repository` resource stands, from the folder: it may be outside of it. `null`: there is none. */
  readonly repositoryFile: string | null;
  readonly desired: DesiredState;
  /** The clusters that the command is about. */
  readonly clusters: readonly ClusterResource[];
  readonly store: RecordStore;
  /** Texts of the files that hold resources, by path below the folder. */
  readonly files: Files;
  /** Override resources as they are written, for the checks of their certificates. */
  readonly overrideDocuments: readonly ResourceDocument[];
  /** What the commit has; `null` where the folder itself was read. */
  readonly tree: CommitTree | null;
  /** How the commit stands to what was applied before; `null` where there is none. */
  readonly history: HistoryReader | null;
}

/** What a command reads: the commit, which is what was reviewed, or the folder, which people edit. */
export type Reading = "commit" | "folder";

/**
 * Loads and checks; bad resources are one `Failure` with all diagnostics in it. Desired state is a commit (design,
 * section 2): only where there is no repository is the folder all there is.
 */
export async function openWorkspace(
  directory: string,
  wanted: SelectionFlags,
  terminal: Terminal,
  reading: Reading,
  {
    git: opened,
    trusted = null,
    proposal = false,
  }: {
    /** The folder's repository, where it has been asked for already. */
    readonly git?: Repository | null;
    /** Of whom it is to be learned where the record is, in place of what is read here. */
    readonly trusted?: RepositoryResource | null;
    /** The commit will be merged before it is applied. */
    readonly proposal?: boolean;
  } = {},
): Promise<Workspace> {
  const selection = parseSelection(wanted);
  const say = (line: string) => terminal.stderr.write(`${line}\n`);
  const folder = resolve(terminal.cwd, directory);
  const git = opened === undefined ? await openRepository(folder, terminal.env) : opened;
  const tree = git === null || reading === "folder" ? null : await treeOf(git, git.commit);
  const loaded = await loadInRepository(folder, git, tree, terminal);
  const where = tree === null ? directory : `${directory} at commit ${tree.commit.slice(0, 12)}`;
  insistOnNoErrors(loaded.diagnostics, where);
  const repository = loaded.repository ?? DEFAULT_REPOSITORY;
  if (selection.shard !== null && repository.waves !== undefined && repository.record === "folder") {
    throw new Failure("usage", "waves among several machines need a record that all of them see", {
      hint: "write `record: refs` in the repository resource, or leave out --shard",
    });
  }
  if (loaded.state.clusters.length === 0)
    throw noCluster(where, tree !== null, await folderAbove(git, folder, terminal.cwd));
  const store = await openRecord(folder, trusted ?? repository, git, terminal);
  insistOnNoErrors(await checkAcknowledgements(loaded, store, terminal.now()), where);
  return {
    folder,
    env: terminal.env,
    commit: git?.commit ?? null,
    git,
    repository,
    repositoryFile: loaded.repositories[0]?.source.file ?? null,
    desired: loaded.state,
    clusters: select(loaded.state.clusters, selection, where, say),
    store,
    overrideDocuments: loaded.overrideDocuments,
    files: new Map(loaded.files.map(({ path, text }) => [path, text])),
    tree,
    history:
      git === null || git.commit === null
        ? null
        : historyReader(git, git.commit, { remote: repository.remote, proposal }),
  };
}

/** The folder of a repository as a commit has it; a `Failure` before the first commit. */
export async function treeOf(repository: Repository, commit: string | null): Promise<CommitTree> {
  if (commit !== null) return await CommitTree.open(repository, commit, repository.prefix);
  throw new Failure(
    "refused",
    `${repository.root} has no commit yet, and what is not committed is not read`,
    {
      hint: "commit first: `git add -A`, `git commit` (`capstan init` writes resources for a live cluster); until then `capstan plan --uncommitted` plans the folder",
    },
  );
}

/** Warnings are for `validate`: they stand in nobody's way. */
function insistOnNoErrors(diagnostics: readonly Diagnostic[], directory: string): void {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  throw new Failure(
    "resources",
    `the resources in ${directory} have errors\n\n${errors.map(diagnosticText).join("\n")}`,
    {
      hint: "nothing was asked of the cluster; correct the files and run it again",
    },
  );
}

function noCluster(directory: string, committed: boolean, above: string | null): Failure {
  const commit = committed ? "commit it, if it is in the folder; " : "";
  return new Failure("resources", `there is no cluster resource in ${directory}`, {
    hint:
      above === null
        ? `${commit}\`capstan init\` writes one for a live cluster; \`capstan sandbox up\` starts one to try`
        : `${commit}there is one further up: name that folder, \`-C ${shellWord(above)}\``,
  });
}

function select(
  clusters: readonly ClusterResource[],
  selection: Selection,
  directory: string,
  say: (line: string) => void,
): readonly ClusterResource[] {
  const found = selectClusters(clusters, selection, directory);
  if (found.length === 0) say("none of the clusters is in this shard: other machines have them");
  return found;
}

/** The cluster of a command that is about one alone. */
export function onlyCluster({ clusters }: Pick<Workspace, "clusters">): ClusterResource {
  const [only, ...others] = clusters;
  if (only !== undefined && others.length === 0) return only;
  throw new Failure("usage", `there are several clusters: ${clusters.map(({ name }) => name).join(", ")}`, {
    hint: "say which with --cluster",
  });
}
