import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Forge } from "../../src/forge/forge.ts";
import { openForge } from "../../src/forge/open-forge.ts";
import { NOW } from "../world/host-rotation.ts";

const JSON_TYPE = "application/json; charset=utf-8";

interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | Buffer;
}

/** What answers where the API of a forge is looked for, and is none. */
const REPLIES: Readonly<Record<string, Reply>> = {
  "a page of a proxy": { type: "text/html", body: "<html>Sign in</html>" },
  "a page that is called JSON": { type: JSON_TYPE, body: "<html>Sign in</html>" },
  "nothing at all": { type: JSON_TYPE, body: "" },
  "no content": { status: 204, body: "" },
  bytes: { type: "application/octet-stream", body: Buffer.from([0, 1, 2, 255]) },
  "JSON that was cut off": { type: JSON_TYPE, body: '[{"id": 1' },
  null: { type: JSON_TYPE, body: "null" },
  "a number": { type: JSON_TYPE, body: "7" },
  "an object without fields": { type: JSON_TYPE, body: "{}" },
  "a list of nothing": { type: JSON_TYPE, body: "[null]" },
  "a count without a list": { type: JSON_TYPE, body: '{"total_count": 1, "items": 7}' },
  "fields of other types": {
    type: JSON_TYPE,
    body: JSON.stringify([{ id: "7", number: "7", iid: "7", user: 7, author: [], head: null, base: null }]),
  },
};

const COMMIT = "c0ffee00".repeat(5);
const RUN = {
  name: "n",
  head: COMMIT,
  externalId: "e",
  title: "t",
  summary: "s",
  text: "x",
  detailsUrl: null,
};

/** Every call that a forge takes. */
function callsOf(forge: Forge): Readonly<Record<string, () => Promise<unknown>>> {
  const { checkRuns } = forge;
  return {
    comments: () => forge.comments(7),
    createComment: () => forge.createComment(7, "b"),
    updateComment: () => forge.updateComment(7, 1, "b"),
    issues: () => forge.issues("l", "capstan"),
    createIssue: () => forge.createIssue({ title: "t", body: "b", label: "l" }),
    updateIssue: () => forge.updateIssue(7, { state: "closed" }),
    pullsOf: () => forge.pullsOf(COMMIT),
    pull: () => forge.pull(7),
    login: () => forge.login(),
    ...(checkRuns === null
      ? {}
      : {
          checkRuns: () => checkRuns.on(COMMIT, "n"),
          createCheckRun: () => checkRuns.create({ ...RUN, conclusion: "success" }),
          updateCheckRun: () => checkRuns.update(1, { ...RUN, conclusion: "success" }),
        }),
  };
}

describe("what is no answer of the API counts as none: nothing is taken for an empty list or for done", () => {
  let server: Server;
  let reply: Reply = { body: "" };

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume().on("end", () => {
        const { status = 200, type, body } = reply;
        response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(forge: "GitHub" | "GitLab" | "Gitea"): Forge {
    return openForge({
      forge,
      token: "token-0123456789",
      apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      repository: "acme/pki",
      author: null,
      now: () => NOW,
      sleep: async () => {},
      notice: () => {},
    });
  }

  async function answers(forge: "GitHub" | "GitLab" | "Gitea"): Promise<Readonly<Record<string, string>>> {
    const ended = Object.entries(callsOf(open(forge))).map(async ([name, call]) => {
      const said = await call().then((value) => `took it for ${JSON.stringify(value)}`, String);
      return [name, said] as const;
    });
    return Object.fromEntries(await Promise.all(ended));
  }

  describe.each(["GitHub", "GitLab", "Gitea"] as const)("%s", (forge) => {
    it.each(Object.keys(REPLIES))("%s", async (name) => {
      reply = REPLIES[name] ?? reply;
      for (const [call, said] of Object.entries(await answers(forge)))
        expect(said, call).toContain(`so it may not be ${forge} that answers`);
    });

    it("a conflict, where something was asked", async () => {
      reply = { status: 409, type: JSON_TYPE, body: '{"message": "conflict"}' };
      const said = await answers(forge);
      for (const call of ["comments", "issues", "pullsOf", "pull", "login"])
        expect(said[call], call).toContain("in conflict (409)");
    });
  });
});
