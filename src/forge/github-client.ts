import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { valueWithoutSecrets } from "../secrets.ts";
import { statusOf } from "./http-errors.ts";
import { canBeTriedAgain, pauseBefore } from "./request-retries.ts";

/** How a repository on GitHub is reached, and the world around that. */
export interface GitHubAccess {
  readonly token: string;
  /** `https://api.github.com`, or that of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  /** Whose comments are ours; asked of GitHub when `null`. */
  readonly author: string | null;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly notice: (message: string) => void;
}

/** Of one attempt. */
const TIMEOUT_MS = 30_000;

/** Octokit as `openClient` sets it up: it pages through lists, and is patient. */
export type GitHubClient = ReturnType<typeof openClient>;

/** A client that waits where GitHub asks for it, and tries again what may be tried again. */
export function openClient({ token, apiUrl, now, sleep, notice }: GitHubAccess) {
  const WithPages = Octokit.plugin(paginateRest);
  const octokit = new WithPages({
    auth: token,
    baseUrl: apiUrl.replace(/\/+$/, ""),
    userAgent: "capstan",
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  octokit.hook.wrap("request", async (request, options) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        // A signal is over after its time, so every attempt gets its own.
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        return await request({ ...discreet(options), request: { ...options.request, signal } });
      } catch (error) {
        const pause = pauseBefore(attempt, error, now());
        if (pause === null || !canBeTriedAgain(options.method, error)) throw error;
        notice(
          `GitHub answers ${statusOf(error) ?? "nothing"}; trying again in ${Math.ceil(pause / 1000)} s`,
        );
        await sleep(pause);
      }
    }
  });
  return octokit;
}

/** What people will read on GitHub, without what is a secret. */
const TEXTS = ["body", "title", "output"] as const;

function discreet<Options extends object>(options: Options): Options {
  const texts = TEXTS.flatMap((name) =>
    name in options ? [[name, valueWithoutSecrets(Reflect.get(options, name))] as const] : [],
  );
  return { ...options, ...Object.fromEntries(texts) };
}
