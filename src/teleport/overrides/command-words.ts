import { Failure } from "../../failure.ts";
import { OVERRIDABLE_TYPES } from "./ca-override.ts";
import type { MatchedRequest } from "./match-requests.ts";

/** Throws a `Failure` (`usage`) for a CA that the server overrides in no version. */
export function insistOnOverridable(type: string): void {
  if ((OVERRIDABLE_TYPES as readonly string[]).includes(type)) return;
  throw new Failure("usage", `Teleport cannot override the ${type} CA`, {
    hint: `it can override: ${OVERRIDABLE_TYPES.join(", ")}`,
  });
}

/** What tctl printed beside certificate requests, as a sentence. */
export function saidByTool(warnings: string): string {
  return `tctl says: ${warnings}`;
}

/** What is wrong with a request that will be signed as it is; `null` where nothing is. */
export function subjectProblem(
  { namesCluster, byAttribute }: Pick<MatchedRequest, "namesCluster" | "byAttribute">,
  type: string,
): string | null {
  if (!namesCluster) return "the subject does not name the cluster: Teleport will refuse its certificate";
  if (!byAttribute || type !== "db_client") return null;
  return "the subject names the cluster by Teleport's own attribute, which PostgreSQL refuses in an issuer";
}

/** How a person gets the request of a key that nobody answered for. */
export function requestMissing(type: string, keyHash: string): string {
  return `missing: no request for the key ${keyHash}. Its auth server did not answer; run it again, or \`tctl auth create-override-csr --type=${type} --public-key=${keyHash}\` on that server`;
}
