import type { RotationLimit } from "./limit.ts";
import type { ResourceRules } from "./resource-rules.ts";

/** What a platform is to the core (design, section 8): one value, made in the platform's own pure room. */
export interface PlatformProfile {
  /** As `spec.platform` names it, in plans and in files of observations. */
  readonly name: string;
  /** For sentences. */
  readonly title: string;
  /** The CA types that can be rotated, in the order in which people read them. */
  readonly types: readonly { readonly name: string }[];
  readonly limit: RotationLimit;
  /** What it alone knows of resources. */
  readonly resources: ResourceRules;
}
