import type { LiveComponent } from "../../../rotation/observation.ts";
import type { Finding, Step } from "../../../rotation/plan.ts";
import { clusterSteps } from "../../../rotation/plan-steps.ts";
import { writtenDate } from "../../../written-date.ts";
import { windowStart } from "../areas.ts";
import { rememberLast } from "../remember-last.ts";
import { type Row, rowsOf } from "../rows.ts";
import {
  countOnScreen,
  EMPTY,
  exactly,
  grouped,
  type Line,
  line,
  padText,
  span,
  spread,
  wrapped,
} from "../spans.ts";
import type { ComponentLists, State } from "../state.ts";

/** One machine, with what a guard of the selected step has against it. */
interface ComponentRow {
  readonly subject: string;
  /** `at init`; empty for what is in no listing. */
  readonly seen: string;
  readonly version: string;
  readonly finding: Said | null;
}

/** A finding of a guard; accepted by a waiver until its time is over, or in the way. */
interface Said extends Finding {
  readonly guard: string;
  readonly waivedUntil: string | null;
}

const makeRows = rememberLast(
  (components: Iterable<LiveComponent>, steps: readonly Step[]): readonly ComponentRow[] => {
    const findings = new Map<string, Said>();
    const guards = steps.flatMap((step) => step.guards);
    // What is in the way says more of a machine than what was waived.
    for (const { id, waived } of guards) {
      for (const one of waived)
        findings.set(one.subject, { ...one, guard: id, waivedUntil: writtenDate(one.expires) });
    }
    for (const { id, findings: found } of guards) {
      for (const finding of found)
        findings.set(finding.subject, { ...finding, guard: id, waivedUntil: null });
    }
    const quiet: ComponentRow[] = [];
    const found: ComponentRow[] = [];
    for (const { kind, id, name, phase, version } of components) {
      const [named, known] = [`${kind}/${name}`, `${kind}/${id}`];
      const subject = findings.has(known) ? known : named;
      const finding = findings.get(subject) ?? null;
      const seen = phase === null ? "reports no phase" : `at ${phase}`;
      (finding === null ? quiet : found).push({ subject, seen, version: version ?? "", finding });
      findings.delete(subject);
    }
    // What a finding is about and no listing has: machines that are gone, authorities, peers.
    const others = [...findings.values()].map((finding) => ({
      subject: finding.subject,
      seen: "",
      version: "",
      finding,
    }));
    return [...others, ...found, ...quiet];
  },
);

const search = rememberLast((rows: readonly ComponentRow[], query: string, blockedOnly: boolean) => {
  const wanted = query.toLowerCase();
  if (wanted === "" && !blockedOnly) return rows;
  return rows.filter(
    ({ subject, finding }) =>
      (!blockedOnly || finding?.waivedUntil === null) &&
      (subject.toLowerCase().includes(wanted) || finding?.message.toLowerCase().includes(wanted) === true),
  );
});

const stepsUnder = rememberLast((row: Row | undefined): readonly Step[] => {
  if (row === undefined) return [];
  if (row.kind === "step") return [row.step];
  if (row.kind === "rotation") return row.rotation.steps;
  return row.kind === "cluster" ? clusterSteps(row.cluster) : [];
});

const selectedRow = (state: State) => rowsOf(state.plan, state).find(({ id }) => id === state.selected);

const NONE: readonly LiveComponent[] = [];

function componentsOf(lists: ComponentLists, row: Row | undefined): Iterable<LiveComponent> {
  return row === undefined ? NONE : (lists.get(row.cluster.name) ?? NONE);
}

function rowsFor(state: State): {
  readonly all: readonly ComponentRow[];
  readonly found: readonly ComponentRow[];
} {
  const row = selectedRow(state);
  const all = makeRows(componentsOf(state.components, row), stepsUnder(row));
  return { all, found: search(all, state.query, state.blockedOnly) };
}

/** How many components the list has: all of them, and those that match the search. */
export function componentCount(state: State): { readonly all: number; readonly found: number } {
  const { all, found } = rowsFor(state);
  return { all: all.length, found: found.length };
}

/** The subject of the selected component, as a waiver names it. */
export function selectedComponent(state: State): string | null {
  return rowsFor(state).found[state.at]?.subject ?? null;
}

/** Only the selected component, and how many there are: for screen readers. */
export function componentInWords(state: State, width: number): readonly Line[] {
  const { all, found } = rowsFor(state);
  const row = found[state.at];
  return [
    searchLine(state, all.length, found.length, width),
    ...(row === undefined ? [] : aboutLines(row, width)),
  ];
}

const DETAIL_ROWS = 5;

/** A window into the list, and below it everything about the selected component. */
export function componentLines(state: State, width: number, height: number): Line[] {
  const { all, found } = rowsFor(state);
  const list = Math.max(1, height - 1 - DETAIL_ROWS);
  const start = windowStart(state.at, list, found.length);
  const visible = found.slice(start, start + list).map((row, index) => {
    const selected = start + index === state.at;
    const content = exactly(componentLine(row, width - 1), width - 1);
    if (!selected) return [span(" "), ...content];
    const cursor = state.focus === "detail" ? content.map(({ text }) => span(text, "cursor")) : content;
    return [span("›", "strong"), ...cursor];
  });
  const empty =
    found.length === 0 ? [line(span(all.length === 0 ? " none are known" : " none match", "dim"))] : [];
  const padding = Array.from({ length: list - visible.length - empty.length }, () => EMPTY);
  return [
    searchLine(state, all.length, found.length, width),
    ...visible,
    ...empty,
    ...padding,
    ...about(found[state.at], width),
  ];
}

function searchLine({ query, searching }: State, all: number, found: number, width: number): Line {
  const total =
    found === all
      ? countOnScreen(all, "component")
      : `${countOnScreen(found, "component")} of ${grouped(all)}`;
  if (!searching && query === "")
    return spread(line(span("/ searches", "dim")), line(span(total, "dim")), width);
  return spread(
    line(span("/", "strong"), query, searching ? span(" ", "cursor") : ""),
    line(span(total, "dim")),
    width,
  );
}

/** Every one with its version and how it stands: who has nothing against it as well. */
function componentLine({ subject, seen, version, finding }: ComponentRow, width: number): Line {
  const name = Math.max(20, Math.floor(width * 0.4));
  const sign =
    finding === null ? span("  ") : finding.waivedUntil === null ? span("✗ ", "bad") : span("~ ", "warn");
  const said = span(finding?.message ?? seen, finding === null ? "dim" : "plain");
  const newest = version === "" ? EMPTY : line(span(` ${version}`, "dim"));
  return spread(line(sign, padText(subject, name - 2), " ", said), newest, width);
}

function about(row: ComponentRow | undefined, width: number): Line[] {
  const lines = row === undefined ? [] : aboutLines(row, width);
  return [span("─".repeat(width), "dim"), ...Array.from({ length: DETAIL_ROWS - 1 })].map((rule, index) =>
    index === 0 ? [rule as ReturnType<typeof span>] : (lines[index - 1] ?? EMPTY),
  );
}

function aboutLines({ subject, seen, version, finding }: ComponentRow, width: number): Line[] {
  const known = [seen, ...(version === "" ? [] : [`version ${version}`])].filter((part) => part !== "");
  const head = wrapped([subject, ...known].join(", "), width, { tone: "strong" }).slice(0, 1);
  if (finding === null) return [...head, line(span("nothing is against it", "dim"))];
  return [
    ...head,
    ...wrapped(`${finding.guard}: ${finding.message}`, width),
    ...(finding.waivedUntil === null ? [] : wrapped(`waived until ${finding.waivedUntil}`, width)),
    ...wrapped(finding.remedy, width, { lead: line(span("→ ", "dim")) }),
  ];
}
