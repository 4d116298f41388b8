import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";

let repository: Repository;

beforeAll(async () => {
  repository = await Repository.create();
});

afterAll(async () => {
  await repository.remove();
});

it("writes where the time went: functions of capstan, and nothing of this machine", async () => {
  const env = { CAPSTAN_VAR_TOKEN: "hunter2-hunter2-hunter2" };
  const ran = await repository.run(["validate", "--profile", "slow.cpuprofile"], env);
  expect(ran.stderr).toContain("wrote slow.cpuprofile");
  const text = await readFile(join(repository.folder, "slow.cpuprofile"), "utf8");
  const { nodes, samples, timeDeltas } = JSON.parse(text);
  expect(samples.length).toBeGreaterThan(0);
  expect(timeDeltas).toHaveLength(samples.length);
  const urls: string[] = nodes.map(({ callFrame }: { callFrame: { url: string } }) => callFrame.url);
  expect(urls.filter((url) => url.startsWith("dist/"))).not.toEqual([]);
  expect(urls.filter((url) => url.startsWith("/") || url.startsWith("file:"))).toEqual([]);
  expect(text).not.toContain(repository.folder);
  expect(text).not.toContain("hunter2");
});

it("keeps what is there, and does nothing then", async () => {
  const path = join(repository.folder, "mine.txt");
  await writeFile(path, "mine");
  const ran = await repository.capstan("validate", "--profile", "mine.txt");
  expect(ran).toMatchObject({ exit: 1, stdout: "" });
  expect(ran.stderr).toBe(
    "capstan: mine.txt holds something already\n  → nothing was done; name another file for the profile, or move this one away",
  );
  expect(await readFile(path, "utf8")).toBe("mine");
});
