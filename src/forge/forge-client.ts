import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { valueWithoutSecrets } from "../secrets.ts";
import type { ForgeName } from "./forge.ts";
import { OddReply, statusOf } from "./http-errors.ts";
import { messageOf } from "./refusal-text.ts";
import { canBeTriedAgain, pauseBefore } from "./request-retries.ts";

/** How a repository on a forge is reached, and the world around that. */
export interface ForgeAccess {
  readonly forge: ForgeName;
  readonly token: string;
  /** `https://api.github.com`, `https://gitlab.example.com/api/v4`, `https://gitea.example.com/api/v1`. */
  readonly apiUrl: string;
  /** `owner/name`; of GitLab, the number of the project or its path. */
  readonly repository: string;
  /** Whose comments are ours; asked of the forge when `null`. */
  readonly author: string | null;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly notice: (message: string) => void;
}

/** Of one attempt. */
const TIMEOUT_MS = 30_000;

/** Octokit as `openClient` sets it up: it pages through lists, and is patient. */
export type ForgeClient = ReturnType<typeof openClient>;

/**
 * A client that waits where the forge asks for it, and tries again what may be tried again. GitLab and Gitea page by
 * the same `Link` header as GitHub, so one client of plain HTTP serves all of them.
 */
export function openClient({ forge, token, apiUrl, now, sleep, notice }: ForgeAccess) {
  const WithPages = Octokit.plugin(paginateRest);
  const octokit = new WithPages({
    baseUrl: apiUrl.replace(/\/+$/, ""),
    userAgent: "capstan",
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const headers = headersFor(forge, token);
  octokit.hook.wrap("request", async (request, options) => {
    const sent = {
      ...discreet(options),
      url: staying(options.url, apiUrl),
      headers: { ...options.headers, ...headers },
    };
    for (let attempt = 0; ; attempt += 1) {
      try {
        // A signal is over after its time, so every attempt gets its own.
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const answer = await request({ ...sent, request: { ...options.request, signal } });
        if (isJson(answer.data)) return answer;
        throw new OddReply(`it sent no JSON, so it may not be ${forge} that answers`);
      } catch (error) {
        const pause = pauseBefore(attempt, error, now());
        if (pause === null || !canBeTriedAgain(options.method, error))
          throw thrown(forge, options.method, error);
        notice(
          `${forge} answers ${statusOf(error) ?? "nothing"}; trying again in ${Math.ceil(pause / 1000)} s`,
        );
        await sleep(pause);
      }
    }
  });
  return octokit;
}

/**
 * GitLab takes project and personal tokens as a bearer, which a redirect to another host does not get, unlike its own
 * header. https://docs.gitlab.com/api/rest/authentication/ , https://docs.gitea.com/development/api-usage
 */
function headersFor(forge: ForgeName, token: string): Readonly<Record<string, string>> {
  switch (forge) {
    case "GitHub":
      return { authorization: `token ${token}` };
    case "GitLab":
      return { authorization: `Bearer ${token}`, accept: "application/json" };
    case "Gitea":
    case "Forgejo":
      return { authorization: `token ${token}`, accept: "application/json" };
  }
}

/** The client that pages takes a 409 for an empty list, where no comment and no approval would be found. */
function thrown(forge: ForgeName, method: string, error: unknown): unknown {
  if (method !== "GET" || statusOf(error) !== 409) return messageOf(error);
  return new OddReply(`it says that a question is in conflict (409), so it may not be ${forge} that answers`);
}

/** An object or a list: what every call here is answered with. The client hands over other bodies as they are. */
function isJson(data: unknown): boolean {
  return typeof data === "object" && data !== null && !(data instanceof ArrayBuffer);
}

/** The next page is where the first one was: a forge behind a proxy may name another host, and the token goes to none. */
function staying(url: string, apiUrl: string): string {
  if (!URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return `${new URL(apiUrl).origin}${pathname}${search}`;
}

/** What people will read on the forge, without what is a secret. */
const TEXTS = ["body", "title", "description", "output"] as const;

function discreet<Options extends object>(options: Options): Options {
  const texts = TEXTS.flatMap((name) =>
    name in options ? [[name, valueWithoutSecrets(Reflect.get(options, name))] as const] : [],
  );
  return { ...options, ...Object.fromEntries(texts) };
}
