import { isPlaceholder } from "../checklist/placeholder.ts";
import { Failure, failureOfOne } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { waiverProblem } from "../guards/waiver-diagnostics.ts";
import { profileOf } from "../profiles.ts";
import { addStatement } from "../resources/edit/edit-statement.ts";
import { parseMoment } from "../resources/model/moment.ts";
import { nearest } from "../resources/read/suggest.ts";
import type { Plan } from "../rotation/plan.ts";
import { shellWord } from "../rotation/remedy-command.ts";
import { paragraph } from "../views/text/columns.ts";
import { writtenDate } from "../written-date.ts";
import type { WAIVE } from "./commands/statement-rows.ts";
import { sayWritten } from "./edit-report.ts";
import { afterEdit, editFiles } from "./edited-file.ts";
import type { ExitCode } from "./exit-code.ts";
import { readExpiry } from "./expiry.ts";
import { observationsFor } from "./look-for-plan.ts";
import { planOfWorkspace, withRecords } from "./observe.ts";
import {
  authorityPlaces,
  onlyPlace,
  rotationPlaces,
  type StatementPlace,
  underWay,
} from "./statement-places.ts";
import type { Terminal } from "./terminal.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

type WaiveOptions = ValuesOf<typeof WAIVE.flags>;

/** `capstan waive`: writes into git that a review accepts a finding. The cluster is asked which rotation has it. */
export async function waive(
  terminal: Terminal,
  guard: string,
  subject: string,
  options: WaiveOptions,
): Promise<ExitCode> {
  const { reason } = options;
  if (reason.trim() === "" || isPlaceholder(reason)) {
    throw new Failure("usage", `"${reason}" is no reason`, {
      hint: "--reason says why this is accepted: it stands in every plan",
    });
  }
  const expires = readExpiry(options.expires, terminal.now());
  const workspace = await openWorkspace(options.directory, options, terminal, "folder");
  const places = await fitting(workspace, { guard, subject, reason }, options.rotation);
  const command = `capstan waive ${guard} ${shellWord(subject)} --reason ${shellWord(reason)} --expires ${options.expires}`;
  const place = await placeWithFinding(terminal, workspace, places, {
    guard,
    subject,
    expires,
    command,
    options,
  });
  await editFiles(workspace, [
    {
      file: place.source.file,
      change: (text) => addStatement(text, place.wanted, "waive", { guard, subject, reason, expires }),
    },
  ]);
  sayWritten(
    terminal,
    `${place.source.file}: ${place.name} waives ${guard} for ${subject} until ${writtenDate(parseMoment(expires, "end") ?? expires)}: ${reason}`,
  );
  return afterEdit(terminal);
}

interface WantedWaiver {
  readonly guard: string;
  readonly subject: string;
  readonly reason: string;
}

/** The resources in which it could count. A `Failure` where it can count in none: then it says why. */
async function fitting(
  workspace: Workspace,
  waiver: WantedWaiver,
  named: string | undefined,
): Promise<readonly StatementPlace[]> {
  const all = rotationPlaces(workspace, named);
  const judged = all.map((place) => ({ place, problem: problemIn(workspace, place, waiver) }));
  const rotations = judged.filter(({ problem }) => problem === null).map(({ place }) => place);
  // What is accepted of an override outlives the rotation.
  const [, type] = /^override\/([a-z_]+)(?:\/|$)/.exec(waiver.subject) ?? [];
  const isOverride = waiver.guard === "overrides" && type !== undefined && named === undefined;
  const open = await underWay(rotations, workspace);
  if (open.length > 0) return open;
  const fits = isOverride ? authorityPlaces(workspace, type) : rotations;
  if (fits.length > 0) return fits;
  const problem = judged.find((one) => one.problem !== null)?.problem;
  if (problem == null) {
    throw new Failure("usage", "git has no rotation whose finding could be accepted", {
      hint: "`capstan plan` shows what there is; `capstan rotate start` writes a rotation",
    });
  }
  throw new Failure("usage", problem.message, {
    ...(problem.suggestion === null ? {} : { hint: problem.suggestion }),
  });
}

function problemIn({ clusters }: Workspace, { cluster, rotation }: StatementPlace, waiver: WantedWaiver) {
  const platform = clusters.find(({ name }) => name === cluster)?.platform;
  if (rotation === null || platform === undefined) return null;
  return waiverProblem(waiver, rotation, profileOf(platform));
}

interface Asked {
  readonly guard: string;
  readonly subject: string;
  readonly expires: string;
  /** What was typed. */
  readonly command: string;
  readonly options: WaiveOptions;
}

/** The rotation that has the finding now. One that is named is taken at its word, where no other subject is near. */
async function placeWithFinding(
  terminal: Terminal,
  workspace: Workspace,
  places: readonly StatementPlace[],
  { guard, subject, expires, command, options }: Asked,
): Promise<StatementPlace> {
  const [first] = places;
  if (first?.rotation === null) return onlyPlace(places, subject, command);
  const seen = await look(terminal, workspace, options);
  if ("problem" in seen) {
    terminal.stderr.write(`${paragraph(`the cluster was not asked (${seen.problem})`, "", "  ")}\n`);
    return onlyPlace(places, `what ${subject} could be about`, command);
  }
  const accepted = places.flatMap((place) =>
    verdictsOf(seen.plan, place, guard).flatMap(({ waived }) =>
      waived.filter((one) => one.subject === subject).map((one) => ({ ...one, place })),
    ),
  );
  const found = places.map((place) => ({ place, subjects: subjectsOf(seen.plan, place, guard) }));
  const standing = found.filter(({ subjects }) => subjects.includes(subject)).map(({ place }) => place);
  // What covers one step may have been accepted for that and stand for another: then a new one is due.
  const lasting = accepted.find(
    (one) => !standing.includes(one.place) && Date.parse(one.expires) >= Date.parse(expires),
  );
  if (lasting !== undefined) {
    const { place, reason } = lasting;
    throw new Failure(
      "usage",
      `${place.name} waives ${guard} for ${subject} until ${writtenDate(lasting.expires)} already: ${reason}`,
      { hint: "nothing was written; a later --expires makes it last longer" },
    );
  }
  const having = places.filter(
    (place) => standing.includes(place) || accepted.some((one) => one.place === place),
  );
  if (having.length > 0) return onlyPlace(having, `the finding ${subject}`, command);
  const there = [...new Set(found.flatMap(({ subjects }) => subjects))];
  const meant = nearest(subject, there);
  if (meant !== null) {
    throw new Failure("usage", `${guard} has no finding about ${subject}`, {
      hint: `did you mean ${shellWord(meant)}?`,
    });
  }
  const [only] = places;
  if (options.rotation !== undefined && only !== undefined && places.length === 1) return only;
  throw new Failure("usage", `${guard} has no finding about ${subject} now, so there is nothing to accept`, {
    hint: `${there.length === 0 ? `${guard} has no finding at all` : `it has: ${there.join(", ")}`}. \`capstan plan\` shows all; to write it all the same, name the rotation with --rotation`,
  });
}

/** The plan of the folder; a sentence where the cluster cannot be asked. */
async function look(
  terminal: Terminal,
  workspace: Workspace,
  options: WaiveOptions,
): Promise<{ readonly plan: Plan } | { readonly problem: string }> {
  try {
    const known = await withRecords(workspace, await observationsFor(terminal, workspace, null, options));
    return { plan: await planOfWorkspace(workspace, known, terminal.now()) };
  } catch (error) {
    return { problem: failureOfOne(error).message };
  }
}

/** What a guard finds in the steps of a rotation, not accepted yet. */
function subjectsOf(plan: Plan, place: StatementPlace, guard: string): readonly string[] {
  return verdictsOf(plan, place, guard).flatMap(({ findings }) => findings.map(({ subject }) => subject));
}

function verdictsOf({ clusters }: Plan, { cluster, rotation }: StatementPlace, guard: string) {
  return clusters
    .filter(({ name }) => name === cluster)
    .flatMap(({ rotations }) => rotations)
    .filter(({ name }) => name === rotation?.name)
    .flatMap(({ steps }) => steps)
    .flatMap(({ guards }) => guards)
    .filter(({ id }) => id === guard);
}
