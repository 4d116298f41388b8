import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";
import { Tmux } from "../world/tmux.ts";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");

/** Of the real executable: what a shell does with its streams is the subject. */
let repository: Repository;
beforeAll(async () => {
  repository = await Repository.withSandbox();
  await repository.rotate("start", "host");
});
afterAll(async () => repository.remove());

function shell(line: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line.replaceAll("capstan", `"$NODE" "$CLI"`)], {
    cwd: repository.folder,
    encoding: "utf8",
    env: { ...process.env, NODE: process.execPath, CLI: CAPSTAN, NO_COLOR: "1", ...env },
  });
  return { exit: status, stdout, stderr: flat(stderr) };
}

describe("one sentence, and no stack", () => {
  it.each([
    ["a folder that is not there", "capstan plan nowhere", 1, "no such folder"],
    ["a file in place of a folder", "capstan plan .gitignore", 1, "is not a folder"],
    ["the same before the command", "capstan -C .gitignore status", 1, "is not a folder"],
    ["the same for what writes", "capstan init .gitignore", 1, "it is no folder"],
    ["a folder below a file", "capstan artifacts --out .gitignore/x", 1, ".gitignore is no folder"],
    ["a folder below a device", "capstan sandbox up --dir /dev/null/x", 1, "/dev/null is no folder"],
    ["a full disk behind standard output", "capstan plan > /dev/full", 1, "no space left on the device"],
    ["a device in place of a plan file", "capstan plan --out /dev/full", 1, "it is a device or a pipe"],
    ["nobody who reads", "capstan plan | true; exit $PIPESTATUS", 2, ""],
    ["nobody who reads what is said", "capstan plan 2>&1 >/dev/null | true; exit $PIPESTATUS", 2, ""],
  ])("%s", (_, line, exit, said) => {
    const ran = shell(line);
    expect(ran.exit).toBe(exit);
    expect(flat(ran.stderr)).toContain(said);
    expect(ran.stdout + ran.stderr).not.toMatch(/\bat .*\.js:\d|this is a bug/);
    expect(execFileSync("stat", ["-c", "%F", "/dev/full"], { encoding: "utf8" })).toContain("special file");
  });

  it("a merge conflict is called that", async () => {
    const file = "clusters/acme.cluster/authorities.yaml";
    const text = await readFile(join(repository.folder, file), "utf8");
    await writeFile(
      join(repository.folder, file),
      `${text}<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n`,
    );
    const ran = shell("capstan validate");
    await writeFile(join(repository.folder, file), text);
    expect(ran.exit).toBe(1);
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain("a merge conflict is not resolved here");
    expect(ran.stdout).toContain("Invalid. 1 error.");
  });
});

it.each([
  ["capstan plan nowhere --format json", "resources"],
  ["capstan plan .gitignore --format=json", "usage"],
  ["capstan plan --no-such-flag --format json", "usage"],
])("errors are JSON where JSON is asked for: %s", (line, code) => {
  const ran = shell(line);
  expect(ran.exit).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({ format_version: "1.0", error: { code } });
  expect(ran.stderr).not.toBe("");
});

describe("- stands for the streams", () => {
  it("a plan file goes from one process to the next", () => {
    const shown = shell("capstan plan --out - | capstan show -");
    expect([shown.exit, shown.stdout]).toEqual([0, expect.stringContaining("fingerprint")]);
    const applied = shell("capstan plan --out - 2>/dev/null | capstan apply - --auto-approve");
    expect([applied.exit, flat(applied.stderr)]).toEqual([0, expect.stringContaining("host is in init")]);
  });
});

describe("colour", () => {
  it.each([
    [{ FORCE_COLOR: "1", NO_COLOR: "" }, "", true],
    [{ FORCE_COLOR: "0", NO_COLOR: "" }, "", false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, "", false],
    [{ FORCE_COLOR: "1", NO_COLOR: "" }, "--no-color", false],
  ])("%j %s", (env, flag, coloured) => {
    expect(shell(`capstan validate ${flag}`, env).stdout.includes("\u001b[")).toBe(coloured);
  });
});

describe.runIf(Tmux.found)("a long plan on a terminal", () => {
  it("goes through the pager, and a short terminal shows its beginning", async () => {
    const folder = await mkdtemp(join(tmpdir(), "capstan-pager-"));
    const pager = join(folder, "pager");
    await writeFile(
      pager,
      '#!/bin/sh\necho "PAGED BY $1"; head -3; read -r line </dev/tty; echo "LEFT $line"\n',
    );
    await chmod(pager, 0o755);
    const tmux = new Tmux(`CAPSTAN_PAGER="${pager} me" ${process.execPath} ${CAPSTAN} plan`, {
      columns: 90,
      rows: 12,
      cwd: repository.folder,
    });
    try {
      await tmux.see("PAGED BY me");
      await tmux.see("acme.cluster");
      await tmux.keys("q", "Enter");
      await tmux.see("LEFT q");
    } finally {
      tmux.close();
      await rm(folder, { recursive: true });
    }
  });
});

it("a sandbox that is down is called that, not an executable to install", async () => {
  await repository.must("sandbox", "down");
  const ran = shell("capstan status");
  expect([ran.exit, flat(ran.stderr)]).toEqual([1, expect.stringContaining("`capstan sandbox up`")]);
  expect(flat(ran.stderr)).not.toContain("Install it");
});
