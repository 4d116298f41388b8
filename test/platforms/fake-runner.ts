import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import type { ClusterResource } from "../../src/resources/model/desired.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";
import type { TeleportConnection } from "../../src/teleport/resources/connection.ts";

/** What a fake executable answers; a text is printed with exit status 0. */
export type Answer =
  | string
  | {
      readonly stdout?: string;
      readonly stderr?: string;
      readonly exitCode?: number;
      readonly error?: Error;
    };

/** Answers in process, by the arguments after `tctl`; what is not in the table is an empty listing. */
export function fakeRunner(answers: Readonly<Record<string, Answer>>): Runner & { readonly calls: string[] } {
  const calls: string[] = [];
  const answer = ({ argv }: ExecutableCall) => {
    const line = argv.slice(1).join(" ");
    calls.push(line);
    const found = answers[line] ?? (line.startsWith("get ") ? "[]\n" : "");
    const {
      stdout = "",
      stderr = "",
      exitCode = 0,
      error,
    } = typeof found === "string" ? { stdout: found } : found;
    if (error !== undefined) throw error;
    return { argv, stdout, stderr, exitCode, durationMs: 1 };
  };
  return {
    calls,
    run: async (command) => answer(command),
    stream: async (command, consume) => {
      const outcome = answer(command);
      const bytes = Buffer.from(outcome.stdout);
      for (let at = 0; at < bytes.length; at += 1000) consume(bytes.subarray(at, at + 1000));
      return outcome;
    },
  };
}

export function teleportCluster(
  name = "acme.cluster",
  connection: Partial<TeleportConnection> = {},
): ClusterResource {
  return {
    name,
    source: { file: "cluster.yaml", line: 1 },
    platform: "teleport",
    connection: { tctl: ["tctl"], authServer: null, identityFile: null, ...connection },
    peers: [],
    policy: { ...DEFAULT_POLICY, soakMs: 0 },
  };
}

/** One line of a recording (fixtures/recordings/README.md). */
export interface RecordedCall {
  readonly step: string;
  readonly cluster?: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const FIXTURES = join(import.meta.dirname, "..", "..", "fixtures");

export function recording(name: string): readonly RecordedCall[] {
  const text = readFileSync(join(FIXTURES, "recordings", "teleport-5.0", `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedCall);
}

export function fixture(name: string): string {
  return readFileSync(join(FIXTURES, "teleport", name), "utf8");
}

/** A fixture with its `@name@` placeholders replaced. Fails on one that is left. */
export function filled(name: string, values: Readonly<Record<string, string>>): string {
  return fixture(name).replace(/@([\w-]+)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`${name} wants a value for ${key}`);
    return value;
  });
}
