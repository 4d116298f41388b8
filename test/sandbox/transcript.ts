import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One recorded call, with the group of polls that it belongs to. */
export interface RecordedCall {
  readonly line: number;
  readonly step: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Seconds since the transition; `null` for a call that is no poll. */
  readonly after: number | null;
  /** The same for all polls after one transition. */
  readonly group: number;
  /** Whether a later poll of the same group asks the same. */
  readonly repeated: boolean;
}

const FILE = join(
  import.meta.dirname,
  "..",
  "..",
  "fixtures",
  "recordings",
  "teleport-5.0",
  "transcript.jsonl",
);

/** Every call of the recorded session, in order. */
export function readTranscript(): readonly RecordedCall[] {
  const lines = readFileSync(FILE, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  let group = 0;
  let last = "";
  const calls = lines.map((call, index) => {
    const [, prefix = call.step, seconds] = /^(.*) \+(\d+)s$/.exec(call.step) ?? [];
    // Two walks have polls of the same name, but +0s begins again.
    const key = seconds === undefined ? `${call.step}#${index}` : prefix;
    const restarted = seconds === "0" && call.args[0] === "status";
    if (key !== last || restarted) group += 1;
    last = key;
    return { ...call, line: index + 1, after: seconds === undefined ? null : Number(seconds), group };
  });
  return calls.map((call, index) => ({
    ...call,
    repeated: calls
      .slice(index + 1)
      .some((later) => later.group === call.group && later.args.join(" ") === call.args.join(" ")),
  }));
}

/** `state/phase/mode` of everything in a listing, by CA type or host name; a status line without its dates. */
export function phasesIn(stdout: string): Readonly<Record<string, string>> {
  if (stdout.startsWith("Cluster")) {
    const lines = stdout.split("\n").filter((line) => / CA /.test(line));
    return Object.fromEntries(
      lines.map((line) => [
        line.slice(0, 7),
        line
          .slice(7)
          .replace(/[A-Z][a-z]{2} [ \d]\d [\d:]{8} UTC/g, "DATE")
          .trim(),
      ]),
    );
  }
  return Object.fromEntries(
    resourcesIn(stdout).map(({ spec }) => {
      const { state, phase, mode } = spec.rotation ?? {};
      return [spec.hostname ?? spec.type, `${state ?? ""}/${phase ?? ""}/${mode ?? ""}`];
    }),
  );
}

interface ListedResource {
  readonly spec: {
    readonly type?: string;
    readonly hostname?: string;
    readonly checking_keys?: readonly string[];
    readonly tls_key_pairs?: readonly { readonly cert: string }[];
    readonly rotation?: { readonly state?: string; readonly phase?: string; readonly mode?: string };
  };
}

export function resourcesIn(stdout: string): readonly ListedResource[] {
  const value = JSON.parse(stdout);
  return Array.isArray(value) ? value : [value];
}

/** The fields and their order, with what is in them left out. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([name, field]) => [name, shapeOf(field)]);
  }
  return typeof value;
}

/** Gives keys names in the order in which they turn up, so that two sessions with other keys can be compared. */
export function keyNames(): (stdout: string) => Readonly<Record<string, readonly string[]>> {
  const names = new Map<string, string>();
  return (stdout) =>
    Object.fromEntries(
      resourcesIn(stdout).flatMap(({ spec }) => {
        const type = spec.type ?? "";
        const keys = [...(spec.checking_keys ?? []), ...(spec.tls_key_pairs ?? []).map(({ cert }) => cert)];
        return [
          [
            type,
            keys.map((key) => {
              if (!names.has(key)) names.set(key, `key ${names.size + 1}`);
              return names.get(key) ?? "";
            }),
          ],
        ];
      }),
    );
}
