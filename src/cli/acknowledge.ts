import { createInterface } from "node:readline/promises";
import { tickChecklist } from "../checklist/tick.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { profileOf } from "../profiles.ts";
import { addStatement } from "../resources/edit/edit-statement.ts";
import type { Acknowledgement } from "../resources/model/desired.ts";
import type { ChecklistItem } from "../rotation/plan.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { count } from "../views/count.ts";
import { harmlessLine } from "../views/harmless.ts";
import { paragraph } from "../views/text/columns.ts";
import type { ACKNOWLEDGE } from "./commands/statement-rows.ts";
import { sayWritten } from "./edit-report.ts";
import { afterEdit, editFiles } from "./edited-file.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { gitUser } from "./git-user.ts";
import { observationsFor } from "./look-for-plan.ts";
import { planOfWorkspace, withRecords } from "./observe.ts";
import {
  authorityPlaces,
  onlyPlace,
  rotationPlaces,
  type StatementPlace,
  underWay,
} from "./statement-places.ts";
import { canAsk, type Terminal } from "./terminal.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

type AcknowledgeOptions = ValuesOf<typeof ACKNOWLEDGE.flags>;

/** `capstan acknowledge`: writes into git that work by hand is done. The cluster is asked only for `--all-open`. */
export async function acknowledge(
  terminal: Terminal,
  steps: readonly string[],
  options: AcknowledgeOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(options.directory, options, terminal, "folder");
  const who = await gitUser(workspace.git);
  const statements =
    options.allOpen === true
      ? await allOpen(terminal, workspace, steps, who, options)
      : await Promise.all(
          insistOnSteps(steps).map(async (step) => ({
            step,
            place: await placeOfStep(terminal, workspace, step, options),
          })),
        );
  if (statements === null) return EXIT.ok;
  const at = `${new Date(terminal.now()).toISOString().slice(0, 19)}Z`;
  const { note, evidence } = options;
  const fresh = statements.filter(({ step, place }) => !isStated(place, step));
  await editFiles(
    workspace,
    fresh.map(({ step, place }) => ({
      file: place.source.file,
      change: (text) =>
        addStatement(text, place.wanted, "acknowledge", {
          step,
          who,
          ...(note === undefined ? {} : { note }),
          ...(evidence === undefined ? {} : { evidence }),
          at,
        }),
    })),
  );
  for (const { step, place } of statements) {
    const isNew = fresh.some((one) => one.step === step && one.place === place);
    const line = isNew
      ? `${place.source.file}: ${who} states ${step}`
      : `${place.source.file}: ${step} is stated already`;
    sayWritten(terminal, line);
  }
  return fresh.length === 0 ? EXIT.ok : afterEdit(terminal);
}

function isStated({ rotation }: StatementPlace, step: string): boolean {
  return rotation?.acknowledge.some((one) => one.step === step) ?? false;
}

function insistOnSteps(steps: readonly string[]): readonly string[] {
  if (steps.length > 0) return [...new Set(steps)];
  throw new Failure("usage", "no work is named", {
    hint: "`capstan plan` names what is open; `capstan acknowledge --all-open` states all of it, on a terminal",
  });
}

/** Where a step is stated: in the rotation under way that has it. Of an override, else in its CA. */
async function placeOfStep(
  terminal: Terminal,
  workspace: Workspace,
  step: string,
  { rotation: named }: AcknowledgeOptions,
): Promise<StatementPlace> {
  const rotations = rotationPlaces(workspace, named);
  const judged = rotations.map((place) => ({ place, problem: problemIn(terminal, workspace, place, step) }));
  const fits = judged.filter(({ problem }) => problem === null).map(({ place }) => place);
  const [, type] = /^override\/([a-z_]+)\//.exec(step) ?? [];
  const open = await underWay(fits, workspace);
  const others = type === undefined ? fits : authorityPlaces(workspace, type);
  const places = open.length === 0 ? others : open;
  if (places.length > 0) return onlyPlace(places, step, acknowledgeCommand(step));
  const problem = judged.find((one) => one.problem !== null)?.problem;
  throw new Failure("usage", problem?.message ?? "git has no rotation whose work could be stated", {
    hint: problem?.suggestion ?? "`capstan plan` names the work of each rotation",
  });
}

function problemIn(
  terminal: Terminal,
  { clusters }: Workspace,
  { cluster, types }: StatementPlace,
  step: string,
) {
  const platform = clusters.find(({ name }) => name === cluster)?.platform;
  if (platform === undefined) return null;
  const statement: Acknowledgement = { step, who: "git", note: null, evidence: null, at: null };
  const now = new Date(terminal.now()).toISOString();
  const context = { profile: profileOf(platform), types, now, startedAt: null };
  return tickChecklist([], [statement], context).problems[0] ?? null;
}

/** Work that a step waits for now, shown and agreed to; `null` where there is none, or a person says no. */
async function allOpen(
  terminal: Terminal,
  workspace: Workspace,
  steps: readonly string[],
  who: string,
  options: AcknowledgeOptions,
): Promise<readonly { readonly step: string; readonly place: StatementPlace }[] | null> {
  if (steps.length > 0) {
    throw new Failure("usage", "--all-open states all work that is open, and takes no steps beside it");
  }
  if (!canAsk(terminal) || options.format === "json") {
    throw new Failure("usage", "--all-open shows the work and asks, which takes a terminal", {
      hint: "name the steps that are done: `capstan acknowledge STEP…`",
    });
  }
  const open = await openWork(terminal, workspace, options);
  const { stdout, stdin, stderr } = terminal;
  if (open.length === 0) {
    stdout.write("No work by hand is open that a step waits for.\n");
    return null;
  }
  for (const { place, item } of open) {
    stdout.write(`${paragraph(`[ ] ${item.id}  (${place.name})`, "", "    ")}\n`);
    stdout.write(`${paragraph(harmlessLine(item.do), "    ")}\n`);
    stdout.write(`${paragraph(`verify  ${harmlessLine(item.verify)}`, "    ", "            ")}\n`);
  }
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const asked = `You state as ${who} that ${open.length === 1 ? "it is" : `all ${open.length} are`} done. Type y for yes: `;
    if ((await lines.question(asked)).trim() !== "y") {
      stdout.write("Nothing was written.\n");
      return null;
    }
  } finally {
    lines.close();
  }
  stdout.write(`${count(open.length, "statement")}:\n`);
  return open.map(({ place, item }) => ({ place, step: item.id }));
}

async function openWork(
  terminal: Terminal,
  workspace: Workspace,
  options: AcknowledgeOptions,
): Promise<readonly { readonly place: StatementPlace; readonly item: ChecklistItem }[]> {
  const known = await withRecords(workspace, await observationsFor(terminal, workspace, null, options));
  const plan = await planOfWorkspace(workspace, known, terminal.now());
  return rotationPlaces(workspace, options.rotation).flatMap((place) =>
    plan.clusters
      .filter(({ name }) => name === place.cluster)
      .flatMap(({ rotations }) => rotations)
      .filter(({ name, standing }) => name === place.rotation?.name && standing === "in_progress")
      .flatMap(({ checklist }) => checklist)
      .filter(({ required, state }) => required && state === "open")
      .map((item) => ({ place, item })),
  );
}
