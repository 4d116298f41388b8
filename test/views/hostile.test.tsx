import { stripVTControlCharacters } from "node:util";
import ICAL from "ical.js";
import { renderToString } from "ink";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { makeForecast } from "../../src/fleet/forecast/make-forecast.ts";
import { openJobLog } from "../../src/forge/job-log.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { forecastCalendar } from "../../src/views/calendar/forecast-calendar.ts";
import { jsonText } from "../../src/views/json/json-text.ts";
import { liveStatus } from "../../src/views/live-status.ts";
import { forecastMarkdown } from "../../src/views/markdown/forecast-markdown.ts";
import { liveStatusMarkdown } from "../../src/views/markdown/live-status-markdown.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { clusterSamples } from "../../src/views/metrics/cluster-samples.ts";
import { openmetricsText } from "../../src/views/metrics/openmetrics.ts";
import { eventText } from "../../src/views/text/event-text.ts";
import { forecastText } from "../../src/views/text/forecast-text.ts";
import { liveStatusText } from "../../src/views/text/live-status-text.ts";
import { colourPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { startState } from "../../src/views/tui/state.ts";
import { FullScreen } from "../../src/views/tui/view/full-screen.tsx";
import { asWritten } from "../world/as-written.ts";
import {
  ago,
  authority,
  CLUSTER,
  component,
  components,
  desired,
  key,
  memory,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";
import { expectNoEffectOnTerminal, heardByRunner, TAME, TEXTS, UNSEEN } from "./judges.ts";
import { LINKED, looseText, markdownShape } from "./parsed-markdown.ts";
import { DIFF } from "./tui/sample.ts";

/** What git, a cluster and the memory of it say, with something in every part that takes text of theirs. */
interface Said {
  readonly git: DesiredState;
  readonly cluster: ClusterObservation;
  readonly record: ClusterRecord;
}

const WAIVER = { guard: "roster", subject: "node/node3", reason: "is replaced", expires: ago(-2_000) };

const SAID: Said = {
  git: {
    ...desired([
      rotation("update_clients", {
        reason: "routine",
        acknowledge: [
          { step: "host/init/pins", who: "alice", note: "told all", evidence: "a ticket", at: ago(9) },
        ],
        waive: [WAIVER],
        hold: { reason: "audit", until: ago(-900) },
      } as Partial<DesiredState["rotations"][number]>),
    ]),
    authorities: [
      {
        cluster: CLUSTER,
        type: "host",
        source: { file: "host.yaml", line: 1 },
        activeKeys: [OLD],
        maxAgeMs: 360 * 86_400_000,
        trustConsumers: [
          { kind: "manual", name: "bastion", instructions: "tell the bastion" },
        ] as unknown as DesiredState["authorities"][number]["trustConsumers"],
      },
    ],
  },
  cluster: observation("init", {
    components: [
      ...components("init").slice(0, -1),
      component("node", "node9", { phase: "standby", currentId: "another", version: "17.1.0" }),
    ],
    copies: [authority("init", { cluster: "leaf.example" })],
    remoteClusters: [{ name: "leaf.example", connection: "offline", lastHeartbeat: ago(60) }],
    unread: [{ what: "db_servers", problem: "access denied" }],
    credentials: {
      ...{ source: "identity-file", path: "/run/identity", problem: null, trusts: [OLD] },
      notAfter: new Date(NOW + 3_600_000).toISOString(),
    },
    surroundings: {
      consumers: [
        {
          ...{ authority: "host", consumer: "bastion", kind: "openssh", uses: "old" },
          trusts: { old: "yes", new: "no" },
          detail: "known_hosts",
        },
      ],
      peers: [{ cluster: "leaf.example", problem: "it does not answer", copies: [] }],
      pins: [{ file: "teleport.yaml", pins: [{ fingerprint: key(OLD).fingerprint, line: 3 }] }],
    },
  } as Partial<ClusterObservation>),
  record: { ...emptyRecord(CLUSTER), rotations: [memory("init", { reason: "routine" })] },
};

/** Words of capstan's own, and times, which schemas hold to their form: no file and no reply puts another text there. */
const OWN =
  /^(kind|phase|state|mode|strategy|protocol|platform|guard|uses|old|new|source|connection|code|at|until|since|expires|started|notBefore|notAfter|.*_at|lastHeartbeat|lastRotated|observedAt)$/;

type Path = readonly (string | number)[];

function textsIn(value: unknown, path: Path = []): readonly Path[] {
  const last = path.at(-1);
  if (typeof value === "string") return typeof last === "string" && OWN.test(last) ? [] : [path];
  if (typeof value !== "object" || value === null || last === "profile") return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    textsIn(inner, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

function withText<Value>(value: Value, [name, ...rest]: Path, text: string): Value {
  if (name === undefined) return text as Value;
  const inner = (value as Record<string | number, unknown>)[name];
  const changed = withText(inner, rest, text);
  if (Array.isArray(value)) return value.with(Number(name), changed) as Value;
  return { ...value, [name]: changed };
}

interface Shown {
  readonly plan: Plan;
  readonly terminal: readonly string[];
  readonly markdown: readonly string[];
  readonly json: string;
  readonly metrics: string;
  readonly calendar: string;
  readonly log: string;
}

/** Every output of what is said. */
function shown({ git, cluster, record }: Said): Shown {
  const made = { desired: git, observations: [cluster], records: [record], commit: "c0ffee", now: NOW };
  const plan = makePlan(made);
  const about = { unread: [], clusters: [cluster.cluster], overrides: new Map(), withinMs: 400 * 86_400_000 };
  const forecast = makeForecast({ ...made, ...about, plan });
  const locks = [{ cluster: cluster.cluster, who: record.rotations[0]?.reason ?? "" }];
  const size = { columns: 120, rows: 40 };
  const [step] = plan.clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps));
  const at = new Date(NOW).toISOString();
  const event: RunEvent | null =
    step === undefined
      ? null
      : { at, type: "blocked", cluster: cluster.cluster, rotation: git.rotations[0]?.name ?? "", step };
  const text = planText(plan, colourPaint);
  return {
    plan,
    terminal: [
      text,
      liveStatusText([cluster], plan, NOW, colourPaint),
      forecastText(forecast, colourPaint),
      event === null ? "" : `${eventText(event, colourPaint) ?? ""}\n`,
      `${renderToString(<FullScreen state={startState({ mode: "approve", plan, size, now: NOW, diff: DIFF, components: new Map() })} />, { columns: 120 })}\n`,
    ],
    markdown: [
      planMarkdown(plan),
      liveStatusMarkdown(liveStatus([cluster], plan, NOW)),
      forecastMarkdown(forecast),
    ],
    json: jsonText({ plan, status: liveStatus([cluster], plan, NOW), forecast }),
    metrics: openmetricsText(
      clusterSamples({
        ...made,
        plan,
        forecast,
        unread: [],
        unknownLocks: new Set<string>(),
        locks,
      } as never),
    ),
    calendar: forecastCalendar(forecast),
    log: stripVTControlCharacters(text),
  };
}

/** What colours a text, as a terminal takes it. */
function sequencesIn(printed: string): ReadonlySet<string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  return new Set(printed.match(/[\u001b\u009b][^m]{0,20}m?/g));
}

/** Names and labels of all series; a text in a label may be another, and adds none. */
function seriesOf(metrics: string): readonly string[] {
  const lines = metrics.split("\n");
  expect(lines.splice(-2)).toEqual(["# EOF", ""]);
  return lines.map((line) => {
    if (/^# (HELP|TYPE) [a-z_]+ ./.test(line)) return line;
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? -?[\d.e+-]+$/.exec(line);
    expect(sample, line).not.toBeNull();
    return `${sample?.[1]} ${[...(sample?.[2] ?? "").matchAll(/([a-z_]+)="(?:[^"\\\n]|\\["\\n])*"/g)].map(([, name]) => name)}`;
  });
}

/** Events and what each has, not the texts. */
function calendarShape(text: string): readonly string[] {
  return new ICAL.Component(ICAL.parse(text))
    .getAllSubcomponents()
    .map((event) => `${event.name}: ${event.getAllProperties().map(({ name }) => name)}`);
}

/** Every output, judged by a parser of it; of what is said otherwise, nothing but the text is another. */
async function expectNoEffect(said: Said, otherwise: Said): Promise<void> {
  const [hostile, tame] = [shown(said), shown(otherwise)];
  for (const [index, printed] of hostile.terminal.entries()) {
    for (const sequence of sequencesIn(printed))
      expect(sequencesIn(tame.terminal[index] ?? "")).toContain(sequence);
    await expectNoEffectOnTerminal(printed);
  }
  for (const [index, written] of hostile.markdown.entries()) {
    const tameShape = markdownShape(tame.markdown[index] ?? "");
    expect(markdownShape(written), `Markdown ${index}`).toEqual(tameShape);
    for (const loose of looseText(written)) expect(loose).not.toMatch(LINKED);
    expect(written).not.toMatch(UNSEEN);
  }
  expect(hostile.json).not.toMatch(UNSEEN);
  expect(JSON.parse(hostile.json).plan).toEqual(asWritten(hostile.plan));
  expect(seriesOf(hostile.metrics)).toEqual(seriesOf(tame.metrics));
  expect(calendarShape(hostile.calendar)).toEqual(calendarShape(tame.calendar));
  let log = "";
  const job = openJobLog((piece) => {
    log += piece;
  });
  job.print(hostile.log);
  job.close();
  expect(heardByRunner(log)).toEqual([]);
}

const PLACES = textsIn(SAID);
/** Each place meets one or two of the texts; in `npm run soak hostile` all of them. */
const STRIDE = Number(process.env["CAPSTAN_HOSTILE_STRIDE"] ?? 6);

describe("hostile text: whoever may write into one field changes nothing but what stands there", () => {
  it("there are places of git, of the cluster and of the record", () => {
    const count = (first: string) => PLACES.filter(([name]) => name === first).length;
    expect(count("git")).toBeGreaterThan(15);
    expect(count("cluster")).toBeGreaterThan(60);
    expect(count("record")).toBeGreaterThan(15);
  });

  it.each(Object.entries(TEXTS))("%s", async (name, text) => {
    const first = Object.keys(TEXTS).indexOf(name);
    const effects: string[] = [];
    for (const [index, path] of PLACES.entries()) {
      if ((index - first) % STRIDE !== 0) continue;
      await expectNoEffect(withText(SAID, path, text), withText(SAID, path, TAME)).catch((error: unknown) =>
        effects.push(`${path.join(".")}: ${error instanceof Error ? error.message : error}`),
      );
    }
    expect(effects).toEqual([]);
  });
});
