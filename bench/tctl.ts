import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a recorded call was, and what it printed. */
interface Recorded {
  readonly step?: string;
  readonly args?: readonly string[];
  readonly exit?: number;
  readonly stdout?: string;
}

/** The moments of the recording at which a cluster can stand for a plan. */
export type Moment = "fresh" | "host init +2s";

/** All that a plan asks, and where the recording of Teleport 11.1 has the answer: a newer tctl knows every listing. */
export const ASKED = {
  version: "version",
  status: "status",
  "inventory status --connected": "inventory status --connected",
  "get cert_authority --format=json": "get cert_authority --format=json",
  "get auth_servers --format=json": "get auth_servers --format=json",
  "get proxies --format=json": "get proxies --format=json",
  "get nodes --format=json": "get nodes --format=json",
  "get app_servers --format=json": "apps ls --format=json",
  "get db_servers --format=json": "get db_server --format=json",
  "get kube_servers --format=json": "get kube_server --format=json",
  "get windows_desktop_service --format=json": "get windows_desktop_service --format=json",
  "get remote_clusters --format=json": "get remote_clusters --format=json",
} as const;

/** A call of a plan, by its arguments. */
export type Call = keyof typeof ASKED;

/** The calls of one plan. */
export const CALLS: readonly string[] = Object.keys(ASKED);

/** Some answers are others than the recorded ones: the file, or the text, to print. */
export type Answers = Readonly<Partial<Record<Call, { readonly file: string } | string>>>;

/**
 * An executable called `tctl` in a folder that waits and then prints what was recorded. A shell script, so that it costs
 * next to nothing beside what is measured.
 */
export async function writeTctl(
  folder: string,
  {
    delayMs = 0,
    moment = "fresh",
    answers = {},
    cluster = "acme.cluster",
  }: {
    readonly delayMs?: number;
    readonly moment?: Moment;
    readonly answers?: Answers;
    readonly cluster?: string;
  } = {},
): Promise<string> {
  await mkdir(join(folder, "answers"), { recursive: true });
  const recorded = await recordings();
  const cases: string[] = [];
  for (const [index, [asked, known]] of Object.entries(ASKED).entries()) {
    const own = answers[asked as Call];
    const file = typeof own === "object" ? own.file : join(folder, "answers", `${index}.txt`);
    const text = typeof own === "string" ? own : printed(recorded, moment, known);
    if (typeof own !== "object") await writeFile(file, text.replaceAll("acme.cluster", cluster));
    cases.push(`  *"${asked}") exec cat '${file}' ;;`);
  }
  const wait = delayMs === 0 ? "" : `sleep ${delayMs / 1000}\n`;
  const refuse = `  *) echo "ERROR: unexpected: $*" >&2; exit 1 ;;`;
  const path = join(folder, "tctl");
  await writeFile(path, `#!/bin/sh\n${wait}case "$*" in\n${cases.join("\n")}\n${refuse}\nesac\n`, {
    mode: 0o755,
  });
  return path;
}

/** What a call printed at a moment, or, where nobody asked then, before anything was changed. */
export function printed(recorded: readonly Recorded[], moment: string, args: string): string {
  const found = recorded.filter((one) => one.args?.join(" ") === args && one.exit === 0);
  const call = found.find(({ step }) => step === moment) ?? found.find(({ step }) => step === "fresh");
  if (call?.stdout === undefined) throw new Error(`nobody recorded: ${args}`);
  return call.stdout;
}

/** The recording of a real cluster. */
export async function recordings(): Promise<readonly Recorded[]> {
  const file = join(import.meta.dirname, "../fixtures/recordings/teleport-11.1/transcript.jsonl");
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}
