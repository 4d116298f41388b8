import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Printed, TimelessTeleport } from "./harness.ts";
import { shapeOf } from "./transcript.ts";

/**
 * Two recorded sessions of a real Teleport 11.1.2 (fixtures/recordings/teleport-11.1), line by line, against the sandbox
 * of that release. Time is the recording's own. What one side shows sooner than the other is waited for; what comes and
 * goes by chance in the recording comes and goes by chance here, at other moments, and only its shape is compared.
 */
interface Line {
  readonly line: number;
  readonly step: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Seconds since the cluster was started. */
  readonly at: number;
  readonly event?: string;
}

/**
 * Where the two are meant to differ, and why: a line of the recording that the sandbox is not asked, or whose answer is
 * not compared.
 */
const MEANT: readonly { readonly why: string; readonly applies: (call: Line) => boolean }[] = [
  {
    why: "resources that are no part of a rotation: the sandbox has none",
    applies: ({ args }) =>
      /^(get (cluster_networking_config|windows_desktop)|windows_desktops ls)\b/.test(args.join(" ")),
  },
  {
    why: "the schedule's debug lines on standard error",
    applies: ({ args }) => args.includes("--debug"),
  },
  {
    why: "a call in twenty fails while the auth server reloads, at another moment here",
    applies: ({ stderr }) => stderr.startsWith("[CLIENT]") && stderr.includes("EOF"),
  },
  {
    why: "the recorded cluster is stopped at the end; a sandbox that is stopped has no executables",
    applies: ({ step }) => step === "auth server gone",
  },
];

function linesOf(name: string): readonly Line[] {
  return readFileSync(
    join(import.meta.dirname, "..", "..", "fixtures", "recordings", "teleport-11.1", name),
    "utf8",
  )
    .trim()
    .split("\n")
    .map((line, index) => ({ args: [], ...JSON.parse(line), line: index + 1 }));
}

const FAULTS: Readonly<Record<string, { readonly target: string; readonly fault: string }>> = {
  "node2 is stopped (SIGSTOP)": { target: "node2", fault: "offline" },
  "node2 is continued (SIGCONT)": { target: "node2", fault: "clear" },
  "node3 is killed (SIGKILL)": { target: "node3", fault: "offline" },
};

/** A row whose rotation is empty. */
const EMPTY = " //";

/** Whether the polls after the same transition ask the same later. */
function isLastOfItsGroup(call: Line, lines: readonly Line[]): boolean {
  const group = (step: string) => step.replace(/ \+\d+s$/, "");
  const next = lines.slice(call.line).find(({ args }) => args.join() === call.args.join());
  return next === undefined || group(next.step) !== group(call.step);
}

const LAG_LIMIT_S = 90;

/** What is in a listing that one session has and another has not: keys, ids, times, ports. */
function withoutData(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{2}\.\.\./g, "UUID...")
    .replace(/[0-9a-f]{64}/g, "HASH")
    .replace(/AAAA[\w+/=]+/g, "KEY")
    .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC/g, "DATE")
    .replace(/127\.0\.0\.1:\d+/g, "ADDRESS")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\bid: \d+/g, "id: ID")
    .replace(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g, "PEM")
    .replace(/[\w+/]{100,}=*/g, "BASE64");
}

interface Listed {
  readonly metadata: { readonly name: string; readonly id?: number };
  readonly spec: {
    readonly type?: string;
    readonly host_id?: string;
    readonly hostname?: string;
    /** The process of the proxy has one; the second session has no proxy. */
    readonly public_addr?: string;
    readonly rotation?: Readonly<Record<string, unknown>>;
  };
}

function rowsOf(stdout: string): readonly Listed[] {
  return JSON.parse(stdout) ?? [];
}

/** `state/phase/mode` of every row, by what it is; an empty rotation is its own. */
function phasesOf(stdout: string): readonly string[] {
  return rowsOf(stdout)
    .map(({ metadata, spec }) => {
      const { state = "", phase = "", mode = "" } = spec.rotation ?? {};
      return withoutData(`${spec.type ?? (spec.hostname || metadata.name)} ${state}/${phase}/${mode}`);
    })
    .sort();
}

/** The fields of the rows. */
function shapesOf(stdout: string): ReadonlySet<string> {
  return new Set(
    rowsOf(stdout).map(({ spec: { public_addr: _, ...spec }, ...row }) =>
      JSON.stringify(shapeOf({ ...row, spec })),
    ),
  );
}

/** The host ids and ports of a session are its own: `node/UUID` is asked for with that of the same host. */
async function asked(teleport: TimelessTeleport, args: readonly string[]): Promise<readonly string[]> {
  const uuid = /^node\/([0-9a-f-]{36})$/.exec(args[1] ?? "");
  if (uuid === null) return args;
  const node = await teleport.node("node2");
  return args.map((word) => (word === args[1] ? `node/${node?.metadata.name}` : word));
}

const isListing = ({ args, exit }: Line) => exit === 0 && args.includes("--format=json");

/** What comes and goes: rows of what the agent serves, and rotations that are empty for a while. */
const COMES_AND_GOES = /^(get (db_server|kube_server|nodes?)|apps ls|db ls|kube ls|nodes ls)\b/;

describe.each([
  ["transcript.jsonl", 3, 217],
  ["rollbacks.jsonl", 4, 171],
] as const)("%s", (name, nodes, count) => {
  const lines = linesOf(name);

  it("has every line read", () => {
    expect(lines).toHaveLength(count);
    for (const call of lines.filter(isListing)) expect(() => rowsOf(call.stdout)).not.toThrow();
  });

  it("gives the same exits, texts, fields and settled phases on the sandbox", async () => {
    const started = Date.UTC(2026, 10, 29, 17, 24, 30);
    const teleport = await TimelessTeleport.start({ release: "11", nodes, endpoints: 32 }, started);
    // What was waited for here is no time of the next transition's polls.
    let base = started;
    const upTo = async (at: number) => {
      await teleport.pass(Math.max(0, at - (teleport.clock.now() - base) / 1000));
    };
    const missed: string[] = [];
    const automatic = new PhasesInOrder();
    for (const call of lines) {
      const where = `line ${call.line}: ${call.step}: tctl ${call.args.join(" ")}`;
      await upTo(call.at ?? 0);
      if (call.event !== undefined) {
        const fault = FAULTS[call.event];
        if (fault !== undefined) await teleport.platform.fault(fault);
        continue;
      }
      if (MEANT.some(({ applies }) => applies(call))) continue;
      if (call.args.includes("rotate")) base = teleport.clock.now() - call.at * 1000;
      // A change is made once, whatever the answer.
      let answer = await answered(teleport, await asked(teleport, call.args));
      expect({ exit: answer.exit, stderr: withoutData(answer.stderr) }, where).toEqual({
        exit: call.exit,
        stderr: withoutData(call.stderr),
      });
      if (call.step.startsWith("automatic") && !call.args.includes("rotate")) {
        if (call.args[1] === "cert_authority") automatic.note(call.stdout, answer.stdout);
        continue;
      }
      const matches = () => agrees(call, answer, lines);
      for (let waited = 0; waited < LAG_LIMIT_S && !matches() && call.exit === 0; waited += 1) {
        if (call.args.includes("rotate")) break;
        await teleport.pass(1);
        answer = await answered(teleport, await asked(teleport, call.args));
      }
      if (!matches())
        missed.push(
          `${where}\n recorded: ${seen(call, call.stdout)}\n sandbox: ${seen(call, answer.stdout)}`,
        );
    }
    expect(missed).toEqual([]);
    // By the clock alone, on a tick that is random on both sides: only the order is compared.
    expect(automatic.sandbox).toEqual(automatic.recorded.slice(0, automatic.sandbox.length));
    // The last of them may come after the last poll; the lines after it have seen it.
    expect(automatic.sandbox.length).toBeGreaterThanOrEqual(automatic.recorded.length - 1);
    await teleport.platform.stop();
  });
});

/** What the host CA went through on both sides, each phase once. */
class PhasesInOrder {
  readonly recorded: string[] = [];
  readonly sandbox: string[] = [];

  note(recorded: string, sandbox: string): void {
    for (const [list, stdout] of [
      [this.recorded, recorded],
      [this.sandbox, sandbox],
    ] as const) {
      const host = phasesOf(stdout).find((row) => row.startsWith("host ")) ?? "";
      if (list.at(-1) !== host) list.push(host);
    }
  }
}

/** An answer of a moment at which the auth server does not reload. */
async function answered(teleport: TimelessTeleport, args: readonly string[]): Promise<Printed> {
  for (;;) {
    const answer = await teleport.tctl(...args);
    if (!answer.stderr.startsWith("[CLIENT]")) return answer;
    await teleport.pass(1);
  }
}

/** Killed at the start, its row lives a little longer on one side than on the other. */
function hasAllBut(killed: string, recorded: readonly string[], sandbox: readonly string[]): boolean {
  const names = (rows: readonly string[]) =>
    rows.map((row) => row.split(" ")[0]).filter((one) => one !== killed);
  return names(sandbox).join() === names(recorded).join();
}

function documentsOf(yaml: string): string {
  return withoutData(yaml).split("---\n").sort().join("---\n");
}

function seen(call: Line, stdout: string): string {
  return isListing(call) ? phasesOf(stdout).join(", ") : withoutData(stdout).slice(0, 1400);
}

function agrees(call: Line, answer: Printed, lines: readonly Line[]): boolean {
  if (isListing(call)) {
    const alike = lines.filter((other) => isListing(other) && other.args.join() === call.args.join());
    const known = new Set(alike.flatMap(({ stdout }) => [...shapesOf(stdout)]));
    if (![...shapesOf(answer.stdout)].every((shape) => known.has(shape))) return false;
    const [sandbox, recorded] = [phasesOf(answer.stdout), phasesOf(call.stdout)];
    if (!COMES_AND_GOES.test(call.args.join(" "))) return sandbox.join() === recorded.join();
    // In the middle of a lag each side may be ahead of the other.
    if (!isLastOfItsGroup(call, lines)) return true;
    const shown = recorded.filter((row) => !row.endsWith(EMPTY));
    const empty = recorded.filter((row) => row.endsWith(EMPTY)).map((row) => row.slice(0, -EMPTY.length));
    if (/^get nodes?\b/.test(call.args.join(" ")) && !hasAllBut("node3", recorded, sandbox)) return false;
    return sandbox.every(
      (row) =>
        row.endsWith(EMPTY) ||
        shown.length === 0 ||
        shown.includes(row) ||
        empty.includes(row.split(" ")[0] ?? ""),
    );
  }
  // Documents of YAML, in the order of host ids, which are others.
  if (call.args[0] === "get") return documentsOf(answer.stdout) === documentsOf(call.stdout);
  if (call.stdout.startsWith("base64:"))
    return !answer.stdout.includes("BEGIN") && answer.stdout.length > 300;
  if (call.args[0] === "inventory") return call.stdout.split("\n")[0] === answer.stdout.split("\n")[0];
  return withoutData(answer.stdout) === withoutData(call.stdout);
}
