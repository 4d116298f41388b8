import type { Phase } from "../../rotation/phase.ts";
import { contentHash } from "./canonical.ts";

/**
 * A check of one's own, of `spec.checks` of a cluster: whether a person or a machine still gets in. Durations are
 * milliseconds here, `30s` in YAML.
 */
export interface AccessCheck {
  /** Unique in its cluster: the subject of findings, `check/login`. */
  readonly name: string;
  /** `command`, or a kind that the platform brings along. */
  readonly kind: string;
  /** Executable and arguments; of another kind the executable with its leading arguments. Absent: the kind's own. */
  readonly command?: readonly string[];
  /** CA types that it exercises; absent: those of its kind. */
  readonly authorities?: readonly string[];
  /** After the entering of which phases it runs; absent: all of the way forward. */
  readonly phases?: readonly Phase[];
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** How often it is tried before it has failed. */
  readonly attempts: number;
  /** It holds the rotation although it failed in the baseline already. */
  readonly required: boolean;
  /** Account on the machine that is logged in to. */
  readonly login?: string;
  /** What is connected to: a host, a database, an application, a Kubernetes cluster, an address. */
  readonly target?: string;
  /** User of a database. */
  readonly user?: string;
  /** How many of those that have the labels, other ones each time. */
  readonly sample?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is run, and towards whom. When and how often decides nothing about what an answer says. */
export function checkContent(check: AccessCheck): string {
  const { kind, command, login, target, user, sample, labels } = check;
  return contentHash({ kind, command, login, target, user, sample, labels });
}
