import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onlyCheck, startAnew } from "../world/checked-repository.ts";
import { eventually, hostPhase, type Ran, Repository } from "../world/repository.ts";

/** The executable as a person runs it, with a check that a file lets pass. */
let repository: Repository;

const GATE = "{ name: gate, kind: command, command: [./checks/gate], authorities: [host] }";
const SCRIPT =
  "#!/bin/sh\ntest -e .capstan/hang && { sleep 600 & echo $$ $! >.capstan/pids; wait; }\ntest -e .capstan/open && exit 0\necho 'ERROR: access denied to ada' >&2\nexit 1\n";
const SAID = "exit status 1, it said: ERROR: access denied to ada";

const gate = () => join(repository.folder, ".capstan", "open");
const open = async () => writeFile(gate(), "");
const close = async () => rm(gate(), { force: true });
const apply = () => repository.capstan("apply", "--auto-approve", "--approve-final");
const oneLine = ({ stderr }: Ran) => stderr.replaceAll(/\s+/g, " ");

async function wants(phase: string): Promise<void> {
  await repository.edit("*/rotations/*.yaml", (text) => text.replace(/^ {2}phase: .*/m, `  phase: ${phase}`));
  await repository.commit(phase);
}

beforeAll(async () => {
  repository = await Repository.withSandbox("--nodes", "1");
  await mkdir(join(repository.folder, "checks"));
  await writeFile(join(repository.folder, "checks", "gate"), SCRIPT);
  await chmod(join(repository.folder, "checks", "gate"), 0o755);
  await onlyCheck(repository, GATE);
});
afterAll(async () => repository.remove());

describe("what failed in the baseline already", () => {
  it("keeps a rotation from its start where it is required", async () => {
    await onlyCheck(repository, GATE.replace(" }", ", required: true }"));
    await startAnew(repository, "host");
    const ran = await apply();
    expect(ran.exit).toBe(3);
    expect(oneLine(ran)).toContain(`host: check gate failed, 0 of 1: ${SAID}`);
    expect(oneLine(ran)).toContain("blocked: host standby → init is blocked by checks");
    expect(await hostPhase(repository)).toBe("standby");
  });

  it("is told else, and holds nothing to the end", async () => {
    await onlyCheck(repository, GATE);
    await startAnew(repository, "host", "--strategy", "walk");
    await wants("update_servers");
    expect((await apply()).exit).toBe(0);
    const planned = await repository.capstan("plan");
    expect(planned.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /check gate: 0 of 1, \d+ s ago; baseline 0 of 1; last: exit status 1, .* \(it failed before the rotation, too, and holds nothing\)/,
    );
    await wants("standby");
    const ran = await apply();
    expect(ran.exit, oneLine(ran)).toBe(0);
    expect(oneLine(ran)).toContain(`host: check gate failed, 0 of 1: ${SAID}`);
  });
});

it("one that fails before the last step blocks it; when it passes, the same command ends the rotation", async () => {
  await open();
  await startAnew(repository, "host", "--strategy", "walk");
  await wants("update_servers");
  expect((await apply()).exit).toBe(0);
  await close();
  await wants("standby");
  const held = await apply();
  expect(held.exit).toBe(3);
  expect(oneLine(held)).toContain("blocked: host update_servers → standby is blocked by checks");
  const planned = await repository.capstan("plan");
  expect(planned.exit).toBe(3);
  expect(planned.stdout.replaceAll(/\s+/g, " ")).toContain(
    `blocked checks check/gate: failed, 0 of 1: ${SAID}; baseline 1 of 1`,
  );
  await open();
  expect((await apply()).exit).toBe(0);
  expect(await hostPhase(repository)).toBe("standby");
});

it("one that fails after update_servers takes it back, with the reason in summary and comment", async () => {
  await open();
  await startAnew(repository, "host", "--strategy", "walk");
  await wants("update_clients");
  expect((await apply()).exit).toBe(0);
  await wants("update_servers");
  await close();
  const place = (name: string) => join(repository.folder, ".capstan", name);
  for (const name of ["event.json", "output", "summary.md"]) await writeFile(place(name), "{}");
  const ran = await execa(process.execPath, [join("dist", "capstan.js"), "action", "apply"], {
    cwd: join(import.meta.dirname, "..", ".."),
    reject: false,
    env: {
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: "http://127.0.0.1:9",
      GITHUB_EVENT_NAME: "push",
      GITHUB_EVENT_PATH: place("event.json"),
      GITHUB_OUTPUT: place("output"),
      GITHUB_REF: "refs/heads/main",
      GITHUB_REPOSITORY: "acme/pki",
      GITHUB_RUN_ID: "4711",
      GITHUB_SHA: await repository.git("rev-parse", "HEAD"),
      GITHUB_STEP_SUMMARY: place("summary.md"),
      GITHUB_WORKSPACE: repository.folder,
      INPUT_DIRECTORY: repository.folder,
    },
  });
  expect(ran.exitCode, ran.stdout).toBe(4);
  const reason = `after update_servers a check failed (${SAID}): check/gate`;
  expect(await readFile(place("summary.md"), "utf8")).toContain(`**rolled-back**\n\n\`\`\`text\n${reason}`);
  expect(await hostPhase(repository)).toBe("standby");
  const comment = await repository.capstan("plan", "--format", "markdown");
  expect(comment.stdout.replaceAll("`", "")).toContain(
    `(${reason}); the same content does not start it again`,
  );
});

it("a signal while one runs ends it with all that it started; the next run runs it again", async () => {
  await open();
  await startAnew(repository, "host", "--strategy", "walk");
  await wants("init");
  expect((await apply()).exit).toBe(0);
  await wants("update_clients");
  const place = (name: string) => join(repository.folder, ".capstan", name);
  await writeFile(place("hang"), "");
  const running = repository.start(["apply", "--auto-approve"]);
  const pids = await eventually(
    async () => await readFile(place("pids"), "utf8").catch(() => ""),
    (text) => text.endsWith("\n"),
  );
  const other = await apply();
  expect(other.exit).toBe(6);
  running.kill("SIGTERM");
  const { exitCode, stderr } = await running;
  expect(exitCode, String(stderr)).toBe(130);
  await eventually(
    async () => await execa("ps", ["-o", "stat=", "-p", pids.trim().replace(" ", ",")], { reject: false }),
    ({ stdout }) => stdout.split("\n").every((state) => state === "" || state.startsWith("Z")),
  );
  await rm(place("hang"));
  const ran = await apply();
  expect(ran.exit, oneLine(ran)).toBe(0);
  expect(oneLine(ran)).toContain("host: wait for update_clients");
  expect(oneLine(ran)).toContain("host: check gate passed, 1 of 1");
});
