import { afterAll, beforeAll, expect, it } from "vitest";
import { cutOff, hostPhase, type Ran, Repository } from "../world/repository.ts";

/** The real executable: somebody is woken, and types what the tool has printed, and nothing else. */
let repository: Repository;
beforeAll(async () => {
  repository = await Repository.withSandbox();
  await repository.rotate("start", "host", "--name=host-2026-11");
  await repository.must("apply", "--auto-approve");
  await repository.must("sandbox", "fault", "node2", "offline", "--expired");
  await repository.rotate("advance", "host");
});
afterAll(async () => repository.remove());

const REASON = '"scrapped, OPS-117"';

/** What a tired person types next, from the text in front of him alone; `null` where it says that all is done. */
function nextCommand(typed: string, { stdout, stderr }: Ran): string | null {
  const text = `${stdout}\n${stderr}`;
  const words = text.replaceAll(/\s+/g, " ");
  if (words.includes("No changes. Live equals desired.")) return null;
  if (words.includes("Commit it, then `capstan plan`.")) return "git commit -am night && capstan plan";
  const waiver = /^ +(capstan waive .* --reason )REASON( .*)$/m.exec(text);
  if (waiver !== null) return `${waiver[1]}${REASON}${waiver[2]}`;
  const approvals = /needs (?:its own )?approval: (.*?) or a terminal/.exec(words)?.[1] ?? "";
  const missing = (approvals.match(/--[\w-]+(?:=[\w./-]*\w)?/g) ?? []).filter(
    (flag) => !typed.includes(flag),
  );
  if (missing.length > 0) return [typed, ...missing].join(" ");
  const after = /^next +(capstan rotate \w+ \w+)/m.exec(text);
  if (after?.[1] !== undefined) return after[1];
  if (/^next +capstan status/m.test(text)) return "capstan plan";
  return /`(capstan apply)`/.exec(words)?.[1] ?? "nothing was named";
}

async function type(line: string): Promise<Ran> {
  const [command = "", ...before] = line.split(" && ").toReversed();
  if (before.length > 0) await repository.commit("night");
  const argv = (command.match(/"[^"]*"|\S+/g) ?? []).slice(1);
  return await repository.capstan(...argv.map((word) => word.replaceAll('"', "")));
}

it("a lost node, from the printed text alone to a finished rotation", async () => {
  const transcript: string[] = [];
  let line: string | null = "capstan plan";
  while (line !== null && transcript.length < 30) {
    const ran: Ran = await type(line);
    transcript.push(`$ ${line}`, `exit ${ran.exit}`);
    line = nextCommand(line, ran);
  }
  await expect(`${transcript.join("\n")}\n`).toMatchFileSnapshot("golden/lost-node-at-night.txt");
  expect(line).toBeNull();
  expect([await hostPhase(repository), await cutOff(repository)]).toEqual(["standby", []]);
});
