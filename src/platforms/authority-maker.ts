import type { ClusterResource, NextAuthority, RotationResource } from "../resources/model/desired.ts";

/** What the making of a CA needs of the world. */
export interface MakerRim {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
}

/** A CA to come, sealed. */
export interface PreparedAuthority {
  readonly next: NextAuthority;
  /** For people. */
  readonly lines: readonly string[];
}

/** What has to change beside git once the old key is dropped: as a file, or how to get it. */
export interface ChangeBeside {
  /** To be written to an absolute path, sealed with age. */
  readonly sealed: { readonly file: string; readonly text: string } | null;
  /** For people. */
  readonly lines: readonly string[];
}

/** Makes the CAs of clusters whose platform makes none itself. */
export interface AuthorityMaker {
  /** Throws a `Failure` (`usage`) for CAs that are not rotated at once, or at all. */
  insistOnTypes(types: readonly string[]): void;
  /** The CA to come, after a look at whether its rotation could go on at all. */
  prepare(
    cluster: ClusterResource,
    rotations: readonly RotationResource[],
    types: readonly string[],
    rim: MakerRim,
  ): Promise<PreparedAuthority>;
  /** `null` where nothing beside git has to change. `folder` is where paths are shown from. */
  changeBeside(
    cluster: ClusterResource,
    rotation: RotationResource,
    folder: string,
    env: MakerRim["env"],
  ): Promise<ChangeBeside | null>;
}
