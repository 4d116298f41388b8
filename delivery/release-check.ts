/** What a release is to be made of, before anything is made. */
export interface ReleaseSources {
  /** The tag that a person pushed. */
  readonly tag: string;
  /** As package.json says. */
  readonly version: string;
  /** Where the repository is, by package.json. */
  readonly repository: string;
  /** Files that are not as the commit has them, as `git status --porcelain` lists them. */
  readonly changed: string;
}

/** Throws an `Error` for what must not be published under the tag: the commit that it names has to be all that is in it. */
export function checkRelease({ tag, version, repository, changed }: ReleaseSources): void {
  if (tag !== `release-${version}`)
    throw new Error(`the tag is ${tag}, and package.json says ${version}: nothing is released`);
  if (repository.includes("/OWNER/"))
    throw new Error(`package.json says ${repository}: put the owner of the repository there first`);
  if (changed.trim() !== "")
    throw new Error(
      `these files are not as the commit has them, and a release is a commit:\n${changed.trimEnd()}`,
    );
}
