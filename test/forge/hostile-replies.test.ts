import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { readActionContext } from "../../src/forge/action-context.ts";
import type { ActionDoors } from "../../src/forge/action-doors.ts";
import { openGitHub } from "../../src/forge/github.ts";
import { openJobLog } from "../../src/forge/job-log.ts";
import { runAction } from "../../src/forge/run-action.ts";
import { failureText } from "../../src/views/text/failure-text.ts";
import { expectNoEffectOnTerminal, heardByRunner, TAME, TEXTS, UNSEEN } from "../views/judges.ts";
import { LINKED, looseText, markdownShape } from "../views/parsed-markdown.ts";
import { ready } from "../views/plans.ts";
import { NOW } from "../world/host-rotation.ts";
import { GitHubServer, REPOSITORY, TOKEN } from "./github-server.ts";
import type { Answer, Call } from "./loopback-forge.ts";

const PULL = 7;
const COMMIT = "c0ffee00".repeat(5);
const HEAD = "beef".repeat(10);

/** Fields of replies and of events into which people, apps and their names write what they like. */
const FREE =
  /^(title|body|login|message|name|slug|ref|label|full_name|html_url|details_url|external_id|summary|text|documentation_url|description|state_reason)$/;

/** Every free text of a value with another one behind it, or in its place. */
function withTexts(value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => withTexts(inner, text));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    FREE.test(name) && (typeof inner === "string" || inner === null)
      ? `${inner ?? ""}${text}`
      : withTexts(inner, text),
  ]);
  return Object.fromEntries(entries);
}

/** GitHub, whose every text that others write ends with the same words; or that refuses what is asked with them. */
class TalkativeServer extends GitHubServer {
  readonly #text: string;
  readonly #refuses: number | null;

  constructor(text: string, refuses: number | null) {
    super();
    this.#text = text;
    this.#refuses = refuses;
  }

  protected override answer(call: Call): Answer {
    const answer = super.answer(call);
    if (this.#refuses !== null && call.method !== "GET")
      return { status: this.#refuses, json: { message: this.#text, errors: [{ message: this.#text }] } };
    return { ...answer, json: withTexts(answer.json, this.#text) };
  }
}

let server: TalkativeServer | null = null;
let folder = "";
afterEach(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Written {
  readonly log: string;
  readonly said: string;
  readonly markdown: readonly string[];
  readonly outputs: readonly string[];
}

/** What a job writes in the end, everywhere. */
async function written(
  mode: "plan" | "apply" | "drift",
  text: string,
  refuses: number | null,
): Promise<Written> {
  folder = await mkdtemp(join(tmpdir(), "capstan-talkative-"));
  server = new TalkativeServer(text, refuses);
  await server.start();
  // A pull request that was merged, a comment and an issue of somebody else, and a check run of another app.
  server.pull({
    number: PULL,
    merge_commit_sha: COMMIT,
    merged_at: "2026-11-20T10:00:00Z",
    head: { sha: HEAD },
  });
  server.comment(PULL, "looks good", "mallory");
  server.issue({ login: "mallory", title: "drift" });
  server.checkRun({ head_sha: HEAD, app: { slug: "another-app" } });
  const eventFile = join(folder, "event.json");
  const head = { sha: HEAD, ref: "topic", repo: { full_name: REPOSITORY } };
  const event = { pull_request: { number: PULL, title: "", body: "", user: { login: "mallory" }, head } };
  const { pull_request: opened } = withTexts(event, text) as typeof event;
  // Whose repository it is GitHub says by itself.
  const payload = { pull_request: { ...opened, head: { ...opened.head, repo: head.repo } } };
  await writeFile(eventFile, JSON.stringify(payload));
  let log = "";
  const job = openJobLog((piece) => {
    log += piece;
  });
  const context = await readActionContext(mode, {
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: server.url,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_RUN_ID: "42",
    GITHUB_SHA: COMMIT,
    GITHUB_REF: mode === "plan" ? `refs/pull/${PULL}/merge` : "refs/heads/main",
    GITHUB_REF_NAME: `topic${text}`,
    GITHUB_HEAD_REF: `topic${text}`,
    GITHUB_ACTOR: `mallory${text}`,
    GITHUB_WORKFLOW: `plan${text}`,
    GITHUB_JOB: `plan${text}`,
    GITHUB_EVENT_NAME: mode === "plan" ? "pull_request" : "push",
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
    GITHUB_OUTPUT: join(folder, "output"),
  });
  const forge = openGitHub({
    forge: context.forge,
    token: context.token ?? "",
    apiUrl: context.apiUrl,
    repository: context.repository,
    author: context.inputs.commentAuthor,
    now: () => NOW,
    sleep: async () => {},
    notice: (message) => job.annotate("notice", message),
  });
  const made = { plan: ready(), fingerprint: ready().fingerprint };
  const doors: ActionDoors = {
    policy: async () => ({ app: "github-actions", appBefore: "github-actions", required: false }),
    plan: async () => ({ ...made, exit: 2 }),
    apply: async () => ({ exit: 0, outcome: "applied", message: "all is done", planned: made }),
  };
  const world = {
    forge,
    print: (line: string) => job.print(line),
    annotate: (kind: "notice" | "warning", message: string) => job.annotate(kind, message),
  };
  let said = "";
  await runAction(context, doors, world).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    said = failureText({ message: error.message, remedy: error.hint }, undefined);
    job.print(said);
  });
  job.close();
  const own = (text_: string | null) => (text_ ?? "").replaceAll(/<!-- capstan[\s\S]*?-->/g, "");
  const comments = server.comments.filter(({ login }) => login !== "mallory").map(({ body }) => own(body));
  const issues = server.issues.filter(({ login }) => login !== "mallory").map(({ body }) => own(body));
  const runs = server.checkRuns.filter(({ app }) => app.slug !== "another-app");
  const texts = runs.flatMap(({ output }) => [own(output.summary), own(output.text)]);
  const summary = await readFile(join(folder, "summary.md"), "utf8").catch(() => "");
  const outputs = await readFile(join(folder, "output"), "utf8").catch(() => "");
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  return {
    log,
    said,
    markdown: [...comments, ...issues, ...texts, summary],
    outputs: [...outputs.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2\n/gm)].map(([, name]) => name ?? ""),
  };
}

/** Annotations of capstan's own, which begin so; a runner hears nothing else. */
const OWN_ANNOTATION = /^::(notice|warning) title=capstan::/;

const ASKED = [
  ["plan", null],
  ["plan", 422],
  ["apply", null],
  ["drift", 422],
] as const;

describe.each(ASKED)(
  "hostile text from a forge: mode %s, where what is written is refused with %s",
  (mode, refuses) => {
    it.each(Object.entries(TEXTS))("%s", async (_, text) => {
      const hostile = await written(mode, text, refuses);
      const tame = await written(mode, TAME, refuses);
      // It gets there.
      expect(tame.log).toContain(TAME);
      for (const line of heardByRunner(hostile.log)) expect(line).toMatch(OWN_ANNOTATION);
      expect(heardByRunner(hostile.log)).toHaveLength(heardByRunner(tame.log).length);
      await expectNoEffectOnTerminal(hostile.said);
      expect(hostile.log).not.toMatch(UNSEEN);
      expect(hostile.outputs).toEqual(tame.outputs);
      expect(hostile.markdown).toHaveLength(tame.markdown.length);
      for (const [index, one] of hostile.markdown.entries()) {
        expect(markdownShape(one)).toEqual(markdownShape(tame.markdown[index] ?? ""));
        expect(one).not.toMatch(UNSEEN);
      }
      const said = hostile.markdown.flatMap(looseText).filter((loose) => LINKED.test(loose));
      expect(said).toEqual(tame.markdown.flatMap(looseText).filter((loose) => LINKED.test(loose)));
    });
  },
);
