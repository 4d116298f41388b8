import { stripVTControlCharacters } from "node:util";
import { renderToString } from "ink";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/apply/event.ts";
import type { Plan } from "../../../src/rotation/plan.ts";
import { NO_PLAN, startReplay } from "../../../src/views/tui/playback.ts";
import { reduce } from "../../../src/views/tui/reducer.ts";
import { type Size, type State, startState } from "../../../src/views/tui/state.ts";
import { FullScreen } from "../../../src/views/tui/view/full-screen.tsx";
import { SpokenScreen } from "../../../src/views/tui/view/spoken-screen.tsx";
import { fleetOf, fleetRunOf } from "./fleet-sample.ts";
import { calmly, press, type, wait } from "./keystrokes.ts";
import { BUSY_PLAN, COMPONENTS, DIFF, FINAL_PLAN, NOW, READY_PLAN, rotation, runOf, step } from "./sample.ts";

const SIZES: readonly Size[] = [
  { columns: 60, rows: 20 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
];

function approving(plan: Plan, size: Size): State {
  return startState({ mode: "approve", plan, diff: DIFF, components: COMPONENTS, size, now: NOW });
}

/** Of several clusters the first one opened. */
function inside(plan: Plan, size: Size): State {
  return press(approving(plan, size), "return");
}

/** Found by its name, and opened. */
function opened(state: State, name: string): State {
  return press(type(press(state, "/"), name), "return", "return");
}

function watching(plan: Plan, size: Size, events: readonly RunEvent[]): State {
  const start = startState({ mode: "watch", plan, size, now: NOW });
  const state = events.reduce<State>((one, event) => reduce(one, { type: "event", event }), start);
  return reduce(state, { type: "tick", now: Date.parse(events.at(-1)?.at ?? "") + 7_000 });
}

const UNDO = step("host-2026-11", "host", { from: "update_clients", to: "rollback" });

function turningBack(size: Size): State {
  const until = runOf(READY_PLAN).slice(0, 7);
  const at = "2026-11-21T10:32:00.000Z";
  const place = { cluster: "acme.cluster", rotation: "host-2026-11" };
  return watching(READY_PLAN, size, [
    ...until,
    {
      at,
      type: "step-failed",
      ...place,
      step: READY_PLAN.clusters[0]?.rotations[0]?.steps[0] ?? UNDO,
      message: "not everybody followed to update_clients in time",
      findings: [],
    },
    { at, type: "rollback-started", ...place, reason: "not everybody followed in time: node/web-97" },
    { at, type: "step-started", ...place, step: UNDO },
    { at, type: "transition-observed", cluster: "acme.cluster", authority: "host", phase: "rollback" },
  ]);
}

/** What is on the screen, by name. */
const SCREENS: Readonly<Record<string, (size: Size) => State>> = {
  "a step that blocks": (size) => inside(BUSY_PLAN, size),
  "a step that is ready": (size) => approving(READY_PLAN, size),
  "a step by waiver": (size) => press(inside(BUSY_PLAN, size), "home", "down", "down"),
  "a cluster": (size) => press(inside(BUSY_PLAN, size), "home"),
  "a rotation": (size) => press(inside(BUSY_PLAN, size), "home", "down"),
  "only what is blocked": (size) => press(inside(BUSY_PLAN, size), "b", "end"),
  "the diff": (size) => press(approving(READY_PLAN, size), "2"),
  "the keys": (size) => press(approving(READY_PLAN, size), "3"),
  "the components": (size) => press(approving(BUSY_PLAN, size), "down", "return", "4", "tab"),
  "a search": (size) => type(press(inside(BUSY_PLAN, size), "/"), "web-11"),
  "the question of an ordinary step": (size) =>
    wait(press(inside(BUSY_PLAN, size), "home", "down", "down", "a"), 10),
  "the question of a whole rotation": (size) => wait(press(inside(BUSY_PLAN, size), "home", "down", "a"), 10),
  "the question of the point of no return": (size) =>
    type(wait(press(approving(FINAL_PLAN, size), "a"), 10), "acme.cluster"),
  "a refusal": (size) => press(inside(BUSY_PLAN, size), "a"),
  "an approved step": (size) => calmly(approving(READY_PLAN, size), "a", "y"),
  "the question before the start": (size) =>
    calmly(approving(FINAL_PLAN, size), "a", ..."acme.cluster", "return", "s"),
  "what moved": (size) =>
    wait(
      reduce(calmly(approving(READY_PLAN, size), "a", "y", "s", "y"), {
        type: "rechecked",
        plan: FINAL_PLAN,
      }),
      10,
    ),
  help: (size) => press(approving(READY_PLAN, size), "?"),
  "a run that waits": (size) => press(watching(BUSY_PLAN, size, runOf(BUSY_PLAN).slice(0, 8)), "return"),
  "a run that has just begun": (size) => watching(READY_PLAN, size, runOf(READY_PLAN).slice(0, 3)),
  "a run that is done": (size) => watching(FINAL_PLAN, size, runOf(FINAL_PLAN)),
  "a run that turns back": turningBack,
  "the question of a rollback": (size) =>
    wait(press(watching(READY_PLAN, size, runOf(READY_PLAN).slice(0, 8)), "r"), 10),
  "a run that stops": (size) => press(watching(READY_PLAN, size, runOf(READY_PLAN).slice(0, 8)), "q"),
  "a replay": (size) =>
    wait(
      {
        ...startState({ mode: "replay", plan: NO_PLAN, size, now: NOW }),
        replay: startReplay(runOf(READY_PLAN), 10),
      },
      40,
    ),
  "a list of three clusters": (size) => approving(BUSY_PLAN, size),
  "a list of twelve clusters": (size) => press(approving(fleetOf(12), size), "down", "down"),
  "a list of 200 clusters": (size) => press(approving(fleetOf(200), size), ..."j".repeat(60)),
  "a list of what needs somebody": (size) => press(approving(fleetOf(200), size), "b", "end"),
  "a list that is searched": (size) => type(press(approving(fleetOf(200), size), "/"), "west-01"),
  "a list in which something is approved": (size) => calmly(approving(BUSY_PLAN, size), "a", "end", "y"),
  "a cluster that cannot be read": (size) => press(approving(fleetOf(12), size), "return"),
  "a cluster on hold": (size) => press(opened(approving(fleetOf(12), size), "hold"), "home"),
  "a run of three clusters": (size) => watching(BUSY_PLAN, size, runOf(BUSY_PLAN).slice(0, 8)),
  "a run of twelve clusters": (size) => watching(fleetOf(12), size, fleetRunOf(fleetOf(12))),
  "a run of 200 clusters": (size) =>
    press(watching(fleetOf(200), size, fleetRunOf(fleetOf(200))), "end", "pageup"),
  "a run in which some need somebody": (size) =>
    press(watching(fleetOf(200), size, fleetRunOf(fleetOf(200))), "b"),
  "a cluster of a run that cannot be read": (size) =>
    press(watching(fleetOf(12), size, fleetRunOf(fleetOf(12))), "return"),
  "a cluster of a run that waits": (size) =>
    opened(watching(fleetOf(12), size, fleetRunOf(fleetOf(12))), "west-005"),
  "a plan with nothing to do": (size) =>
    approving(
      {
        ...NO_PLAN,
        clusters: [
          {
            name: "lab",
            platform: "talos",
            fingerprint: null,
            problem: null,
            wave: null,
            hold: null,
            rotations: [],
            overrides: [],
            drift: [],
          },
        ],
      },
      size,
    ),
};

function frameOf(state: State): string {
  return renderToString(<FullScreen state={state} />, { columns: state.size.columns });
}

describe.each(SIZES)("at $columns columns", (size) => {
  it.each(Object.entries(SCREENS))("%s", async (name, make) => {
    const state = make(size);
    const frame = stripVTControlCharacters(frameOf(state));
    expectToFit(frame, size);
    const file = `golden/${size.columns}/${name.replaceAll(" ", "-")}.txt`;
    await expect(`${frame.replaceAll(/ +$/gm, "")}\n`).toMatchFileSnapshot(file);
  });
});

describe("for screen readers", () => {
  it.each(Object.entries(SCREENS))("%s", async (name, make) => {
    const spoken = renderToString(<SpokenScreen state={make({ columns: 80, rows: 24 })} />, {
      columns: 10_000,
    });
    expect(spoken).not.toMatch(/[│╭╰─━═╌▲▼●]/);
    await expect(`${spoken.replaceAll(/ +$/gm, "")}\n`).toMatchFileSnapshot(
      `golden/spoken/${name.replaceAll(" ", "-")}.txt`,
    );
  });
});

describe("every size from the smallest to the widest", () => {
  it("fits", () => {
    for (const columns of [61, 75, 76, 103, 104, 200]) {
      for (const rows of [20, 33]) {
        for (const make of Object.values(SCREENS)) {
          expectToFit(stripVTControlCharacters(frameOf(make({ columns, rows }))), { columns, rows });
        }
      }
    }
  });

  it("says what it needs where there is less", () => {
    for (const size of [
      { columns: 59, rows: 24 },
      { columns: 80, rows: 19 },
      { columns: 20, rows: 3 },
      { columns: 1, rows: 1 },
    ]) {
      const rows = stripVTControlCharacters(frameOf(approving(READY_PLAN, size))).split("\n");
      expect(rows.length).toBeLessThanOrEqual(size.rows);
      for (const row of rows) expect(stringWidth(row)).toBeLessThanOrEqual(size.columns);
    }
  });
});

/** Exactly as many rows as the terminal has, none of them wider than it. */
function expectToFit(frame: string, { columns, rows }: Size): void {
  const lines = frame.split("\n");
  expect(lines).toHaveLength(rows);
  for (const row of lines) expect(stringWidth(row), row).toBeLessThanOrEqual(columns);
}

describe("hostile names", () => {
  const NAMES = [
    "\u001b[2J\u001b[Hgone",
    "a\nb\r\nc\u2028d",
    "\u001b]0;title\u0007\u001b[?1049l",
    "admin\u202egnp.exe",
    "日本語のホスト名".repeat(8),
    "👩‍👩‍👧‍👦🇩🇪❤️".repeat(5),
    `z${"\u0316\u0317\u0489".repeat(60)}algo`,
    "\u009b31m\u0000\u0007\b\b\b",
    "x".repeat(5_000),
    "",
  ];
  const printed = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]*$/u;

  it.each(NAMES.map((name) => [JSON.stringify(name).slice(0, 40), name]))("%s", (_, name) => {
    const findings = [{ subject: `node/${name}`, message: name, remedy: name }];
    const hostile = rotation(name, {
      authorities: [name],
      notes: [name],
      consumers: [
        {
          authority: name,
          consumer: name,
          kind: "tls",
          uses: "unknown",
          trusts: { old: "no", new: "unknown" },
          detail: name,
        },
      ],
      steps: [
        step(
          name,
          name,
          { from: "init", to: "update_clients" },
          {
            why: name,
            disrupts: name,
            undo: name,
            guards: [
              {
                id: "roster",
                outcome: "fail",
                findings,
                waived: [
                  {
                    ...(findings[0] ?? { subject: "", message: "", remedy: "" }),
                    reason: name,
                    expires: name,
                  },
                ],
              },
            ],
            checklist: [
              {
                id: name,
                do: name,
                why: name,
                verify: name,
                commands: [name],
                artifacts: [name],
                required: true,
                state: "open",
                by: name,
                note: name,
              },
            ],
          },
        ),
        step(name, name, { from: "update_servers", to: "standby" }),
      ],
    });
    const plan: Plan = {
      ...READY_PLAN,
      commit: name,
      clusters: [
        {
          name,
          platform: "teleport",
          fingerprint: null,
          problem: null,
          wave: null,
          hold: null,
          rotations: [hostile],
          drift: [{ id: name, subject: name, message: name, remedy: name, blocks: false }],
          overrides: [
            {
              authority: name,
              managed: true,
              row: "S1",
              situation: name,
              entries: [
                {
                  key_hash: name,
                  key: "active",
                  change: "added",
                  state: "absent",
                  state_wanted: "staged",
                  subject: name,
                  issuer: name,
                  not_before: name,
                  not_after: name,
                  chain: [name],
                  crl: false,
                  fields: [],
                },
              ],
              actions: [],
              due: [{ key_hash: name, message: name, command: name }],
              findings: [{ severity: "error", code: "orphan", subject: name, message: name, remedy: name }],
              blocked: true,
            },
          ],
        },
      ],
    };
    const diff = {
      commit: name,
      author: name,
      authoredAt: name,
      subject: name,
      text: `+${name}\n-${name}\n`,
    };
    const several: Plan = {
      ...plan,
      clusters: plan.clusters.flatMap((one) => [
        one,
        {
          ...one,
          name: `${name}2`,
          problem: { code: "executable", message: name, remedy: name },
          wave: { name, waits_for: [name], until: null },
          hold: { reason: name, until: null },
        },
      ]),
    };
    const lists = new Map([
      [
        name,
        [
          {
            kind: "node" as const,
            id: name,
            name,
            phase: null,
            currentId: name,
            version: name,
            expires: null,
          },
        ],
      ],
    ]);
    for (const size of [SIZES[0], SIZES[2]] as readonly Size[]) {
      const start = startState({ mode: "approve", plan, diff, components: lists, size, now: NOW });
      const run: readonly RunEvent[] = [
        ...runOf(plan).slice(0, 4),
        {
          at: name,
          type: "waiting",
          cluster: name,
          authority: name,
          phase: "init",
          deadline: name,
          progress: [{ kind: "node", ready: 0, total: 1 }],
          laggards: [{ subject: name, message: name, since: name }],
          probes: [{ subject: name, ready: false, message: name }],
        },
        { at: name, type: "notice", message: name },
        { at: name, type: "finished", outcome: "failed", message: name },
      ];
      const list = startState({ mode: "approve", plan: several, diff, size, now: NOW });
      const ended = { outcome: "failed", message: name, hint: name } as const;
      const listed = watching(several, size, [
        ...run,
        { at: name, type: "cluster-finished", cluster: `${name}2`, ...ended },
        { at: name, type: "cluster-finished", cluster: `${name}3`, ...ended },
      ]);
      const states = [
        ...[list, listed].flatMap((one) => [
          one,
          press(one, "end"),
          press(one, "home", "return"),
          press(one, "down", "return"),
          press(one, "/", ...name.slice(0, 20)),
        ]),
        start,
        ...["home", "end"].map((key) => press(start, key)),
        ...["2", "3", "4"].map((key) => press(start, key)),
        press(start, "home", "down", "3"),
        press(start, "home", "down", "down"),
        ...["home", "end"].map((key) => wait(press(start, key, "a"), 10)),
        press(start, "/", ...name.slice(0, 20)),
        watching(plan, size, run),
        wait(
          reduce(
            { ...start, status: "rechecking" },
            { type: "rechecked", plan: { ...plan, commit: `${name}x` } },
          ),
          10,
        ),
      ];
      for (const state of states) {
        const frame = stripStyles(frameOf(state));
        expectToFit(frame, size);
        for (const row of frame.split("\n")) expect(row).toMatch(printed);
        const spoken = stripStyles(renderToString(<SpokenScreen state={state} />, { columns: 200 }));
        for (const row of spoken.split("\n")) expect(row).toMatch(printed);
      }
    }
  });

  /** Only what Ink itself writes: styles. Anything else stays, and fails. */
  function stripStyles(frame: string): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what Ink writes
    return frame.replaceAll(/\u001b\[[0-9;]*m/g, "");
  }
});
