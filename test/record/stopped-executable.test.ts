import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually, Repository } from "../world/repository.ts";
import { shortLeases } from "./short-leases.ts";

/** Of the run that is stopped: long enough for all that it does before on a slow machine. */
const LEASE_MS = 8000;

/** Of the others, who are to finish, and wait a fifth of it longer for the lease of the first. */
const OTHERS_MS = 30_000;

/** Stops at each n-th call of a run: 1 is every one of them, which `npm test` has no time for. */
const EVERY = Number(process.env["CAPSTAN_TEST_STOPS_EVERY"] ?? 0);

const root = join(import.meta.dirname, "..", "..");

let folder: string;
let repository: Repository;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-short-"));
  await Promise.all([built("stopped", LEASE_MS), built("others", OTHERS_MS)]);
});

async function built(name: string, leaseMs: number): Promise<void> {
  await build({
    entryPoints: { capstan: join(root, "src/cli/capstan.ts") },
    outdir: join(folder, name),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.18",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    alias: { "react-devtools-core": "react" },
    plugins: [shortLeases(leaseMs)],
    banner: {
      js: "import { createRequire as capstanRequire } from 'node:module'; const require = capstanRequire(import.meta.url);",
    },
    logLevel: "error",
  });
}

afterEach(() => repository.remove());
afterAll(() => rm(folder, { recursive: true, force: true }));

function apply(cwd: string, stop?: { readonly at: number; readonly stopped: string }) {
  const preload = stop === undefined ? [] : ["--import", join(import.meta.dirname, "stopping.ts")];
  return execa(
    process.execPath,
    [
      ...preload,
      join(folder, stop === undefined ? "others" : "stopped", "capstan.mjs"),
      "apply",
      "--auto-approve",
      "--approve-final",
    ],
    {
      cwd,
      reject: false,
      stdin: "ignore",
      env: {
        NO_COLOR: "1",
        ...(stop === undefined
          ? {}
          : { CAPSTAN_TEST_STOP_AT: String(stop.at), CAPSTAN_TEST_STOPPED: stop.stopped }),
      },
    },
  );
}

async function rotations(): Promise<number> {
  return (await repository.calls()).filter((argv) => argv[1] === "rotate").length;
}

/** Each call of this step of a run, and the ones after it, starts from where the one before ended. */
const MOVES = ["start", "advance", "advance", "finish"] as const;

describe("who may write: the executable, stopped for longer than its lease, while others go on", () => {
  it.each(["folder", "refs"] as const)(
    "with the record in %s: one call for each transition",
    async (record) => {
      repository = await Repository.withSandbox();
      const remote = join(folder, `${record}.git`);
      await execa("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
      await repository.git("remote", "add", "origin", remote);
      await writeFile(
        join(repository.folder, "repository.yaml"),
        `kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: ${record} }\n`,
      );
      await repository.commit("where the record is");
      await repository.git("push", "--quiet", "origin", "HEAD:main");
      // Of a process that is alive in the same clone nothing is taken: what is in refs goes to another clone.
      const other = record === "folder" ? repository.folder : join(folder, "clone");
      if (record === "refs") await execa("git", ["clone", "--quiet", remote, other]);
      const few = record === "folder" ? [45] : [40];
      const points = EVERY === 0 ? few : Array.from({ length: 400 }, (_, n) => 1 + n * EVERY);
      let seen = 0;
      for (const [index, at] of points.entries()) {
        await repository.rotate(MOVES[index % MOVES.length] ?? "", "host");
        await repository.git("push", "--quiet", "origin", "HEAD:main");
        if (record === "refs") await execa("git", ["-C", other, "pull", "--quiet", "--ff-only"]);
        const before = await rotations();
        const stopped = join(folder, `${record}-${at}`);
        const victim = apply(repository.folder, { at, stopped });
        let ended = false;
        void victim.then(() => {
          ended = true;
        });
        await eventually(async () => ended || existsSync(stopped), Boolean);
        const where = existsSync(stopped) ? await readFile(stopped, "utf8") : "";
        if (where !== "") {
          seen += 1;
          // By one clock: that of the file system is another one where a test moves this one.
          const since = performance.now();
          await eventually(
            async () => performance.now() - since,
            (passed) => passed > LEASE_MS + (record === "refs" ? OTHERS_MS / 5 : 0),
          );
          const second = await apply(other);
          expect([0, 6], `${at}, ${where}: ${second.stderr}`).toContain(second.exitCode);
          const taken = await rotations();
          victim.kill("SIGCONT");
          const { exitCode, stderr } = await victim;
          expect(await rotations(), `stopped at ${at}, ${where}\n${stderr}`).toBe(taken);
          expect([0, 6], stderr).toContain(exitCode);
        }
        const last = await apply(other);
        expect(last.exitCode, `${at} ${where}: ${last.stderr}`).toBe(0);
        expect(await rotations(), `stopped at ${at}, ${where}`).toBe(before + 1);
        if (where === "") break;
      }
      expect(seen).toBeGreaterThan(0);
    },
  );
});
