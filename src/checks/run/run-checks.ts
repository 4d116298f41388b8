import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import { isoTime } from "../../iso-time.ts";
import { openSecretFolder, type SecretFolder } from "../../process/secret-folder.ts";
import { type CheckPlace, type CheckProcedure, kindOfCheck } from "../../profile/check-kind.ts";
import { profileOf } from "../../profiles.ts";
import { type AccessCheck, checkContent } from "../../resources/model/access-check.ts";
import type { ClusterResource } from "../../resources/model/desired.ts";
import type { CheckOutcome } from "../../rotation/check-result.ts";
import type { SessionEvidence } from "../../rotation/session-evidence.ts";
import { inShort } from "../explained.ts";
import { sampleOf } from "../sample.ts";
import { type CheckMeans, type Tried, tryCall } from "./try-call.ts";

/**
 * Runs checks of one cluster at the same time, each as often as it may be tried, and says how each ended. Nothing that
 * a check does throws: it fails, or could not be run. A `Failure` (`interrupted`) where the signal fired.
 */
export async function runChecks(
  cluster: ClusterResource,
  checks: readonly AccessCheck[],
  means: CheckMeans,
): Promise<readonly CheckOutcome[]> {
  return await Promise.all(checks.map((check) => runCheck(cluster, check, means)));
}

/** Between two attempts: what was on its way may have come. */
const PAUSE_MS = 1_000;

async function runCheck(
  cluster: ClusterResource,
  check: AccessCheck,
  means: CheckMeans,
): Promise<CheckOutcome> {
  const profile = profileOf(cluster.platform);
  const kind = kindOfCheck(profile, check);
  if (kind === undefined) throw new Error(`${cluster.name} has a check of the unknown kind ${check.kind}`);
  const procedure = kind.procedure(check, cluster);
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptAt(
      check,
      procedure,
      means,
      (output) => profile.overrides?.sessionsIn(output) ?? [],
    );
    if (result.outcome !== "failed" || attempt >= check.attempts) return result;
    await delay(PAUSE_MS, undefined, { signal: means.signal }).catch(() => {
      throw new Failure("interrupted", `the check ${check.name} was stopped.`);
    });
  }
}

async function attemptAt(
  check: AccessCheck,
  procedure: CheckProcedure,
  means: CheckMeans,
  sessionsIn: Around["sessionsIn"],
): Promise<CheckOutcome> {
  const folder = await openSecretFolder();
  try {
    const around = { ...means, folder, sessionsIn };
    const chosen = await choose(check, procedure, around);
    if ("tried" in chosen) return resultOf(check, [chosen.tried], around);
    const tried = await Promise.all(
      chosen.subjects.map((subject) => trySubject(check, procedure, subject, around)),
    );
    return resultOf(check, tried, around);
  } finally {
    await folder.close();
  }
}

/** What one attempt has around it. */
interface Around extends CheckMeans {
  readonly sessionsIn: (output: string) => readonly SessionEvidence[];
  readonly folder: SecretFolder;
}

async function placeIn({ folder, env }: Around): Promise<CheckPlace> {
  return { folder: await folder.folder(), env };
}

type Chosen = { readonly subjects: readonly string[] } | { readonly tried: Tried };

/** Whom it is tried on. To choose among nobody proves nothing. */
async function choose(
  check: AccessCheck,
  { subjects, list }: CheckProcedure,
  means: Around,
): Promise<Chosen> {
  if (list === undefined) return { subjects };
  const { tried, stdout } = await tryCall(list.call(await placeIn(means)), check.timeoutMs, means);
  if (tried.came !== "passed") return { tried };
  const found = list.found(stdout);
  if (found === null) return { tried: { came: "failed", detail: "what was listed cannot be read" } };
  if (found.length === 0)
    return { tried: { came: "not_run", detail: "there is nobody that has these labels" } };
  const turn = Math.floor(means.now() / 1000);
  return { subjects: sampleOf(found, check.sample ?? found.length, turn) };
}

async function trySubject(
  check: AccessCheck,
  procedure: CheckProcedure,
  subject: string,
  means: Around,
): Promise<Tried> {
  const place = await placeIn(means);
  let printed = "";
  for (const next of procedure.calls(subject, place)) {
    const call = typeof next === "function" ? next(printed) : next;
    if (call === null) return { came: "failed", detail: "what it printed cannot be read" };
    const { tried, stdout } = await tryCall(call, check.timeoutMs, means);
    printed = stdout;
    const detail = procedure.list === undefined ? tried.detail : `${subject}: ${tried.detail}`;
    if (tried.came !== "passed") return { ...tried, detail };
  }
  return { came: "passed", detail: "", printed };
}

function resultOf(
  check: AccessCheck,
  tried: readonly Tried[],
  { now, sessionsIn }: Pick<Around, "now" | "sessionsIn">,
): CheckOutcome {
  const passed = tried.filter(({ came }) => came === "passed").length;
  const left = tried.filter(({ came }) => came !== "passed");
  const sessions = tried.flatMap(({ printed = "" }) => sessionsIn(printed));
  const failed = left.some(({ came }) => came === "failed");
  return {
    name: check.name,
    content: checkContent(check),
    at: isoTime(now()),
    outcome: left.length === 0 ? "passed" : failed ? "failed" : "not_run",
    passed,
    of: tried.length,
    detail: inShort(left.map(({ detail }) => detail)),
    ...(sessions.length === 0 ? {} : { sessions }),
  };
}
