import { Failure } from "../../failure.ts";
import { fieldsOf, listOf, textOf } from "../../foreign-value.ts";
import { elementsOf } from "../../listings/json-stream.ts";
import { shown } from "../../process/runner.ts";
import type { TeleportConnection } from "../../teleport/resources/connection.ts";
import type { PlatformOptions } from "../platform.ts";
import { getSecretsCommand } from "./commands.ts";
import { explain } from "./errors.ts";

/**
 * All CAs with their private halves, as tctl prints them, for sealing and nothing else. Whole and unparsed, as
 * numbers of old versions do not survive a parser; but only when every CA of the cluster has what it signs with.
 */
export async function readSecrets(
  cluster: string,
  connection: TeleportConnection,
  { runner, timeoutMs, signal }: PlatformOptions,
): Promise<string> {
  const argv = getSecretsCommand(connection);
  const { stdout, ...outcome } = await runner.run({
    argv,
    signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (outcome.exitCode !== 0) throw unreadable(cluster, explain(outcome));
  const problem = problemWith(cluster, stdout);
  if (problem === null) return stdout;
  throw new Failure("executable", `${shown({ argv })}: ${problem}`, {
    hint: "nothing was changed; a backup without the keys would be none. Check the tctl and the rights of its identity",
  });
}

/** More rights than anything else here: `read`, where `readnosecrets` is enough otherwise (reference 4.3). */
function unreadable(cluster: string, { kind, failure }: ReturnType<typeof explain>): Failure {
  if (kind !== "access-denied") return failure;
  return new Failure("denied", `the CAs of ${cluster} cannot be backed up: ${failure.message}`, {
    hint: "nothing was changed. Sealing their private keys needs the verb read on cert_authority: give it to the role, or have spec.backup.command do the backup, or take spec.backup out",
    cause: failure,
  });
}

/** Never quotes what was printed. */
function problemWith(cluster: string, printed: string): string | null {
  let elements: readonly unknown[];
  try {
    elements = elementsOf(printed);
  } catch {
    return "what it printed is cut off, or no JSON";
  }
  const own = elements.map(fieldsOf).filter(({ metadata }) => textOf(fieldsOf(metadata)["name"]) === cluster);
  if (own.length === 0) return `there is no CA of ${cluster} in what it printed`;
  const bare = own.find(({ spec }) => !signs(fieldsOf(spec)));
  if (bare === undefined) return null;
  const type = textOf(fieldsOf(bare["spec"])["type"]) || textOf(bare["sub_kind"]);
  return `it printed the ${type} CA without its private key`;
}

/** A reference to an HSM counts: that is all there is to have. The layout of v5 has other names (reference 4.3). */
function signs(spec: Readonly<Record<string, unknown>>): boolean {
  const { ssh, tls, jwt } = fieldsOf(spec["active_keys"]);
  const keys = [ssh, tls, jwt, spec["tls_key_pairs"], spec["jwt_key_pairs"]].flatMap(listOf).map(fieldsOf);
  const halves = keys.map((key) => textOf(key["private_key"]) || textOf(key["key"]));
  const old = listOf(spec["signing_keys"]).map(textOf);
  return halves.length + old.length > 0 && [...halves, ...old].every((half) => half !== "");
}
