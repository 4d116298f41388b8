import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { guardOf, Repository, subjectsOf } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

const OUT = ["artifacts", "--out", "ansible", "--type", "openssh"] as const;
const CONSUMERS = `  trust_consumers:
    - { kind: file, name: sshd, path: ansible/acme.cluster/openssh/ssh/bundle.pub }
    - { kind: manual, name: appliance, instructions: log in to its console }
`;

/** Names what trusts the openssh CA: the file that reaches its servers, and one that no probe can see. */
async function declareConsumers(text: string): Promise<void> {
  const file = join(repository.folder, "clusters", "acme.cluster", "authorities.yaml");
  const documents = (await readFile(file, "utf8")).split(/^---\n/m);
  const edited = documents.map((document) =>
    document.includes("sub_kind: openssh") ? `${document.trimEnd()}\n${text}` : document,
  );
  await writeFile(file, edited.join("---\n"));
  await repository.commit("what trusts the openssh CA");
}

it("consumers are probed: seen ones need no word, what takes a person is named", async () => {
  repository = await Repository.withSandbox();
  await repository.must(...OUT);
  await declareConsumers(CONSUMERS);
  await repository.walkTo("init", "openssh");
  await repository.rotate("advance", "openssh");

  const before = await repository.plan();
  expect(before.exit).toBe(3);
  expect(subjectsOf(guardOf(before.plan, "trust-consumers")?.findings)).toEqual([
    "consumer/sshd",
    "consumer/appliance",
  ]);
  const text = (await repository.capstan("plan")).stdout;
  expect(text).toContain("openssh/sshd");
  expect(text).toMatch(/openssh\/appliance +manual +unknown +not seen/);
  // A command is one line, as it is copied.
  const prose = text.split("\n").filter((line) => !line.trimStart().startsWith("capstan "));
  for (const line of prose) expect(line.length).toBeLessThanOrEqual(80);

  // The artifacts of init hold both keys: what is deployed from git is what the probe reads.
  await repository.must(...OUT);
  await repository.commit("what is deployed");
  const seen = await repository.plan();
  expect(subjectsOf(guardOf(seen.plan, "trust-consumers")?.findings)).toEqual(["consumer/appliance"]);
  const status = await repository.status();
  expect(status.clusters[0]?.consumers.map(({ consumer, trusts }) => [consumer, trusts])).toEqual([
    ["sshd", { old: "yes", new: "yes" }],
    ["appliance", { old: "unknown", new: "unknown" }],
  ]);
  expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(3);
});
