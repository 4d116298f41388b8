import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { openPlatform } from "../../../src/platforms/open.ts";
import { createRunner } from "../../../src/process/runner.ts";
import { recording, teleportCluster } from "../fake-runner.ts";

/**
 * The whole way, with an executable: a script that answers from the recordings, and is broken in one way at a
 * time. `tctl` missing, hanging, printing half a JSON, failing after success, denied, expired.
 */
let folder: string;
let script: string;
const pidFile = () => join(folder, "pids");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-tctl-"));
  script = join(folder, "tctl.mjs");
  const stdoutOf = (...words: readonly string[]) =>
    recording("transcript").find(
      ({ step, args }) => step === "fresh" && words.every((word, index) => args[index] === word),
    )?.stdout ?? "";
  writeFileSync(join(folder, "cas"), stdoutOf("get", "cert_authority"));
  writeFileSync(join(folder, "nodes"), stdoutOf("get", "nodes"));
  writeFileSync(join(folder, "status"), stdoutOf("status"));
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
     const folder = ${JSON.stringify(folder)};
     const line = process.argv.slice(2).join(" ");
     appendFileSync(folder + "/pids", process.pid + "\\n");
     const fault = process.env.FAULT ?? "";
     const file = (name) => readFileSync(folder + "/" + name, "utf8");
     const fail = (text) => { process.stderr.write(text + "\\n"); process.exit(1); };
     const hang = () => new Promise(() => setInterval(() => {}, 1000));
     const denied = "\\x1b[31mERROR: \\x1b[0maccess denied to perform action \\"list\\" on \\"";
     if (fault === "expired" && line !== "version") fail("\\x1b[31mERROR: \\x1b[0myour credentials have expired, please login using \`tsh login\`");
     if (fault === "down" && line !== "version") fail('ERROR: dial tcp 127.0.0.1:3025: connect: connection refused\\nERROR: Cannot connect to the auth server. Is the auth server running on "127.0.0.1:3025"?');
     if (line.startsWith("auth rotate")) {
       if (fault === "hang-rotate") { writeFileSync(folder + "/rotated", line); await hang(); }
       if (fault === "denied-rotate") fail("\\x1b[31mERROR: \\x1b[0maccess denied to perform action \\"update\\" on \\"cert_authority\\"");
       writeFileSync(folder + "/rotated", line);
       if (fault === "fail-after-success") fail('ERROR: can not transition to phase "standby" from "standby" phase.');
       console.log("Updated rotation phase. To check status use 'tctl status'");
     } else if (line.startsWith("get cert_authority")) {
       if (fault === "denied-cas") fail(denied + "cert_authority\\"");
       process.stdout.write(file("cas"));
     } else if (line.startsWith("get nodes")) {
       if (fault === "denied-nodes") fail(denied + "node\\"");
       if (fault === "hang") await hang();
       const nodes = file("nodes");
       if (fault === "half") { process.stdout.write(nodes.slice(0, nodes.length / 2)); process.exit(0); }
       if (fault === "killed") { process.stdout.write(nodes.slice(0, nodes.length / 2), () => process.kill(process.pid, "SIGKILL")); await hang(); }
       if (fault === "complete-but-failed") { process.stdout.write(nodes, () => fail("ERROR: connection reset by peer")); await hang(); }
       if (fault === "alert") process.stderr.write("\\x1b[33mHIGH SEVERITY ALERT: rotate your CA keys\\x1b[0m\\n");
       process.stdout.write(nodes);
     } else if (fault === "crowd" && line === "inventory status --connected") {
       // 70 MB, as of a million agents.
       process.stdout.write("Server ID  Services  Version\\n---------  --------  -------\\n");
       for (let at = 0; at < 70; at += 1) process.stdout.write(("agent-" + at + "  Node,Db  " + "v".repeat(990) + "\\n").repeat(1000));
       console.log("the-last-one  Proxy  v18.7.0");
     } else if (line.startsWith("inventory ") || line.startsWith("apps ")) {
       fail('tctl: error: expected command but got "' + line.split(" ")[0] + '"');
     } else if (line.startsWith("get ")) {
       if (fault === "v5" && !/auth_servers|proxies|remote_clusters/.test(line)) fail("error: unsupported resource: \\"x\\" - resources should be expressed as 'type/name'");
       console.log("[]");
     } else if (line === "status") process.stdout.write(file("status"));
     else if (line === "version") console.log("Teleport v5.0.0-dev git: go1.19.8");
     else fail("error: unexpected command " + line);`,
  );
});
afterEach(() => rmSync(join(folder, "rotated"), { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `timeoutMs` is for the call that hangs; the others get all the time that a busy machine may need. */
function open(fault: string, timeoutMs = 60_000, tctl = [process.execPath, script]) {
  const runner = createRunner();
  const notices: string[] = [];
  const platform = openPlatform(teleportCluster("acme.cluster", { tctl }), {
    runner: {
      run: (command) => {
        const hangs = command.argv.includes("rotate");
        return runner.run({ ...command, env: { FAULT: fault }, timeoutMs: hangs ? timeoutMs : 60_000 });
      },
      stream: (command, consume) => {
        const hangs = command.argv.includes("nodes");
        return runner.stream(
          { ...command, env: { FAULT: fault }, timeoutMs: hangs ? timeoutMs : 60_000 },
          consume,
        );
      },
    },
    now: () => new Date(0),
    notice: (message) => notices.push(message),
  });
  return { platform, notices };
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

function stillRunning(): number[] {
  const pids = existsSync(pidFile()) ? readFileSync(pidFile(), "utf8").trim().split("\n").map(Number) : [];
  return pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  });
}

describe("observe", () => {
  it("a healthy cluster", async () => {
    const { platform, notices } = open("");
    const seen = await platform.observe({ components: "all" });
    expect(seen.authorities.map(({ type }) => type).sort()).toEqual(["host", "user"]);
    expect(seen.components).toHaveLength(4);
    expect(seen.unread).toEqual([]);
    expect(notices).toEqual([]);
  });

  it("alerts on standard error after a success change nothing", async () => {
    expect((await open("alert").platform.observe({ components: "all" })).components).toHaveLength(4);
  });

  it("who is connected is heard to the end, however many they are", async () => {
    const { connected } = await open("crowd").platform.observe({ components: "all" });
    expect(connected?.length).toBe(70_001);
    expect(connected?.at(0)).toEqual({ id: "agent-0", kinds: ["node", "db_server"] });
    expect(connected?.at(-1)).toEqual({ id: "the-last-one", kinds: ["proxy"] });
  });

  it("an old tctl that knows few kinds", async () => {
    const { platform, notices } = open("v5");
    const seen = await platform.observe({ components: "all" });
    expect(seen.unread).toEqual([]);
    // Of the others there are none in 5.0.
    expect(seen.unlisted).toEqual([{ kind: "kube_server", problem: expect.stringContaining("no listing") }]);
    expect(seen.connected).toBeUndefined();
    expect(notices).toEqual([]);
  });

  it("denied on one kind: unread", async () => {
    const { unread } = await open("denied-nodes").platform.observe({ components: "all" });
    expect(unread).toEqual([
      {
        what: "nodes",
        problem: expect.stringMatching(/failed: access denied to perform action "list" on "node"$/),
      },
    ]);
  });

  it.each([
    [
      "denied-cas",
      "denied",
      /get cert_authority --format=json failed: access denied to perform action "list" on "cert_authority"$/,
      /cert_authority/,
    ],
    [
      "expired",
      "denied",
      /failed: your credentials have expired, please login using `tsh login`$/,
      /identity anew/,
    ],
    [
      "down",
      "executable",
      /failed: dial tcp .*: connection refused; Cannot connect to the auth server\./,
      /auth_server/,
    ],
    [
      "half",
      "executable",
      /get nodes --format=json printed what is not a complete JSON listing: it ends in the middle, after [12] complete elements/,
      /cut off/,
    ],
    ["killed", "executable", /get nodes --format=json was ended by SIGKILL after/, /something outside/],
    [
      "complete-but-failed",
      "executable",
      /get nodes --format=json failed: connection reset by peer$/,
      /network/,
    ],
  ] as const)("%s: one clear message", async (fault, code, message, hint) => {
    const found = await failure(open(fault).platform.observe({ components: "all" }));
    expect(found).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(found.message).not.toContain("\u001b");
    expect(stillRunning()).toEqual([]);
  });

  it("a tctl that hangs is ended in time, with all the others", async () => {
    const found = await failure(open("hang", 2_000).platform.observe({ components: "all" }));
    expect(found.message).toMatch(/get nodes --format=json did not finish within 2 s\.$/);
    expect(stillRunning()).toEqual([]);
  });

  it("a tctl that is not there", async () => {
    const found = await failure(
      open("", 60_000, ["capstan-no-tctl"]).platform.observe({ components: "all" }),
    );
    expect(found.message).toBe('Cannot run "capstan-no-tctl": It is not on the PATH.');
    expect(found.hint).toContain("install it");
  });
});

describe("transition", () => {
  const rotated = () => existsSync(join(folder, "rotated"));

  it("accepted", async () => {
    expect(await open("").platform.transition({ authority: "host", to: "init" })).toMatchObject({
      accepted: true,
    });
    expect(readFileSync(join(folder, "rotated"), "utf8")).toBe(
      "auth rotate --manual --type=host --phase=init",
    );
  });

  it("an error after success is an error to look again after (1.8, #8320)", async () => {
    const reply = await open("fail-after-success").platform.transition({ authority: "host", to: "standby" });
    expect(reply).toMatchObject({ accepted: false, failure: { code: "refused" } });
    expect(rotated()).toBe(true);
  });

  it("denied: nothing changed, and the hint names the verbs", async () => {
    const reply = await open("denied-rotate").platform.transition({ authority: "host", to: "init" });
    expect(reply).toMatchObject({
      accepted: false,
      failure: { code: "denied", hint: expect.stringContaining("create and update") },
    });
    expect(rotated()).toBe(false);
  });

  it("hanging after it arrived: ended, and not taken for a refusal by the cluster", async () => {
    const reply = await open("hang-rotate", 3_000).platform.transition({ authority: "host", to: "init" });
    expect(reply).toMatchObject({ accepted: false, failure: { code: "executable" } });
    expect(rotated()).toBe(true);
    expect(stillRunning()).toEqual([]);
  });
});
