import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openPlatform } from "../../../src/platforms/open.ts";
import type { ClusterObservation } from "../../../src/profile/profile.ts";
import { followersOf } from "../../../src/rotation/followers.ts";
import type { RosterMember } from "../../../src/rotation/record.ts";
import { fakeRunner, teleportCluster } from "../fake-runner.ts";

/**
 * A real rotation of Teleport 11.1.2, poll by poll: a listing holds until the recording has its next one (its README). The
 * file beside this one says who is judged to be where at each poll, by name.
 */
interface RecordedLine {
  readonly step: string;
  readonly args?: readonly string[];
  readonly event?: string;
  readonly exit?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Seconds since the cluster was started. */
  readonly at: number;
}

interface Answered {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const FILE = join(import.meta.dirname, "../../../fixtures/recordings/teleport-11.1/transcript.jsonl");
const LINES = readFileSync(FILE, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as RecordedLine);
/** `status` says `started: Nov 29 17:24:58 UTC` of the init that was asked for 26.7 s after the start. */
const STARTED = Date.parse("2026-11-29T17:24:58Z") - (firstRotation()?.at ?? 0) * 1000;

function firstRotation(): RecordedLine | undefined {
  return LINES.find(({ step }) => step === "rotate");
}

/** Both names give the same listing, and polls asked for the second only. */
const SAME: Readonly<Record<string, string>> = {
  "get kube_server --format=json": "get kube_servers --format=json",
};

/** Listings that differ from the last one by their announcements alone are left out of the recording. */
function announcedNow(stdout: string, at: number): string {
  const expires = new Date(STARTED + (at + 600) * 1000).toISOString();
  return stdout.replace(/"expires": "[^"]*"/g, `"expires": "${expires}"`);
}

async function observe(answers: Readonly<Record<string, Answered>>, at: number) {
  const now = Object.entries(answers).map(
    ([line, answer]) => [line, { ...answer, stdout: announcedNow(answer.stdout, at) }] as const,
  );
  const platform = openPlatform(teleportCluster("acme.cluster"), {
    runner: fakeRunner(Object.fromEntries(now)),
    now: () => new Date(STARTED + at * 1000),
  });
  return await platform.observe({ components: "all" });
}

function described(observation: ClusterObservation, roster: readonly RosterMember[], at: number): string {
  const host = observation.authorities.find(({ type }) => type === "host");
  if (host === undefined) return "no host CA";
  const { phase } = host.rotation;
  const followers = followersOf(observation, host, roster, phase, STARTED + at * 1000);
  const lines = followers
    .filter(({ standing }) => standing !== "not-reporting")
    .map(({ subject, standing, seen }) => `    ${standing.padEnd(10)} ${subject}: ${seen}`)
    .toSorted();
  return [`  host CA at ${phase}`, ...lines].join("\n");
}

it("each poll of the recorded rotation is judged as it was", async () => {
  const answers: Record<string, Answered> = {};
  const take = ({ args = [], exit = 0, stdout = "", stderr = "" }: RecordedLine) => {
    const line = args.join(" ");
    answers[SAME[line] ?? line] = { exitCode: exit, stdout, stderr };
  };
  const fresh = LINES.filter(({ step, args }) => step === "fresh" && args !== undefined);
  fresh.forEach(take);
  const first = await observe(answers, 30);
  const roster: RosterMember[] = first.components
    .filter(({ phase }) => phase !== null)
    .map(({ kind, id, name }) => ({ kind, id, name }));

  const told: string[] = [`fresh\n${described(first, roster, 30)}`];
  const polls = Map.groupBy(
    LINES.filter(({ step }) => / \+\d+s$/.test(step) && step.includes("host ")),
    ({ step }) => step,
  );
  for (const [step, lines] of polls) {
    lines.forEach(take);
    const at = lines.at(-1)?.at ?? 0;
    let text: string;
    try {
      text = described(await observe(answers, at), roster, at);
    } catch (error) {
      text = `  ${error instanceof Error ? error.message : String(error)}`;
    }
    told.push(`${step}\n${text}`);
  }
  await expect(`${told.join("\n\n")}\n`).toMatchFileSnapshot("golden/replay-11.1.txt");
});
