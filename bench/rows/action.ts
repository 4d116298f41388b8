import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { authoritiesText, clusterText, commitFiles } from "../repository.ts";
import type { Row } from "../row.ts";

const ACTION = join(import.meta.dirname, "../../dist/action.js");
const RUNS = 5;
const LOOK_MS = 2;

/** What the runner itself does before, as fetching the commit that `uses:` names, is not in it. */
export const action: Row = {
  what: "The action, a single file, from its start until its first call of `tctl`",
  against: "",
  async measure(scratch) {
    const repository = join(scratch, "repository");
    const called = join(scratch, "called");
    const tctl = join(scratch, "tctl");
    await writeFile(tctl, `#!/bin/sh\n: > '${called}'\nexec sleep 60\n`);
    await chmod(tctl, 0o755);
    const event = join(scratch, "event.json");
    await writeFile(event, "{}");
    await commitFiles(repository, {
      "cluster.yaml": clusterText("acme.cluster", tctl),
      "authorities.yaml": authoritiesText("acme.cluster"),
    });
    const env = {
      ...process.env,
      INPUT_MODE: "drift",
      INPUT_TOKEN: "none",
      // Nobody listens there: a look at drift asks the cluster first.
      GITHUB_API_URL: "http://127.0.0.1:9",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: "acme/pki",
      GITHUB_RUN_ID: "1",
      GITHUB_SHA: "0".repeat(40),
      GITHUB_REF: "refs/heads/main",
      GITHUB_EVENT_NAME: "schedule",
      GITHUB_EVENT_PATH: event,
      GITHUB_STEP_SUMMARY: join(scratch, "summary.md"),
      GITHUB_OUTPUT: join(scratch, "output"),
    };
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS; run += 1) {
      await rm(called, { force: true });
      const began = performance.now();
      const child = spawn(process.execPath, [ACTION], { cwd: repository, env, stdio: "ignore" });
      const ended = once(child, "exit");
      while (!(await isThere(called))) {
        if (child.exitCode !== null)
          throw new Error(`the action ended with ${child.exitCode}, and asked nobody`);
        await delay(LOOK_MS);
      }
      least = Math.min(least, performance.now() - began);
      child.kill();
      await ended;
    }
    return { figures: [{ what: "time", unit: "ms", ours: least, theirs: null, goal: { plus: 3000 } }] };
  },
};

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
