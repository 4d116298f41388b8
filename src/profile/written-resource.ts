import type { Fields, Path } from "../foreign-value.ts";

/** A resource as it stands in a file, before anybody trusts it, with somebody who takes complaints about it. */
export interface WrittenResource {
  /** `cluster`, `ca_rotation` and so on. */
  readonly kind: string;
  /** As it is written: variables are not put in. */
  readonly value: Fields;
  /** `clusters/prod.yaml:3`, the line of its first key. */
  readonly place: string;
  /** Takes an error about the value at a path, or about the key before it. */
  report(path: Path, message: string, suggestion: string, at?: "key" | "value"): void;
}
