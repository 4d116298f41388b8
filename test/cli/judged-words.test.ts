import "../world/in-process.ts";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** What is said where a plan, or a run, could be taken for more than it is: one line a case, in a golden file. */
let repository: Repository;
const said: string[] = [];

beforeAll(async () => {
  repository = await Repository.withSandbox();
});
afterAll(async () => repository.remove());

/** What was printed from a text on, as one line; what differs from run to run has a name. */
function from(start: string, printed: string): string {
  const text = flat(printed);
  const at = text.indexOf(start);
  expect(at, `${start}\n${printed}`).toBeGreaterThanOrEqual(0);
  return text
    .slice(at)
    .replace(/The record and the lock are in .capstan.*$/, "")
    .trim()
    .replaceAll(/\b(?:commit )[0-9a-f]{12}\b/g, "commit COMMIT")
    .replaceAll(/-20\d\d-\d\d\b/g, "-MONTH")
    .replaceAll(/\b\d\d:\d\d:\d\d /g, "")
    .replaceAll(/--expires \S+/g, "--expires DATE");
}

async function say(title: string, start: string, exit: number, ...args: readonly string[]): Promise<void> {
  const ran = await repository.capstan(...args);
  expect(ran.exit, `${ran.stdout}\n${ran.stderr}`).toBe(exit);
  const command = `capstan ${args.join(" ")}`.replace(repository.folder, ".");
  said.push(`${title}\n$ ${command}\n${from(start, `${ran.stdout}\n${ran.stderr}`)}\n(exit ${exit})\n`);
}

it("says what is held, what is not committed, what waits, and what is left to do", async () => {
  await repository.must("rotate", "start", "host");
  await say("a file that is not committed", "Not committed.", 2, "plan", "--uncommitted");
  const file = join(repository.folder, ".capstan", "plan.json");
  await say("which no plan file holds", "capstan:", 1, "plan", "--uncommitted", "--out", file);
  await repository.commit("host");
  await repository.rotate("start", "user");
  await say("two rotations, and one at a time is allowed", "blocked exclusive", 3, "plan");
  await repository.must("rotate", "rollback", "user");
  await repository.commit("later");
  await repository.must("apply", "--auto-approve");
  await say("work by hand that no step waits for", "work by hand in init", 0, "plan");
  await repository.rotate("advance", "host");
  await repository.must("apply", "--auto-approve");
  await repository.must("sandbox", "fault", "node2", "offline", "--expired");
  await repository.rotate("rollback", "host");
  await say("a rollback that is not finished", "rollback-unfinished", 3, "apply", "--auto-approve");
  await say("and the plan of it", "Waits", 3, "plan");
  await expect(said.join("\n")).toMatchFileSnapshot(join(import.meta.dirname, "golden", "judged-words.txt"));
});
