import "../world/in-process.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";

let repository: Repository;
beforeAll(async () => {
  repository = await Repository.create();
});
afterAll(async () => repository.remove());

it("a sandbox elsewhere says how that one is ended, in words that work as printed", async () => {
  const { stdout } = await repository.must("sandbox", "up", "--dir", "play ground");
  expect(stdout).not.toContain("capstan init");
  const said = /`capstan (sandbox down --dir) '(play ground)'`/.exec(stdout);
  expect(said, stdout).not.toBeNull();
  const [, command = "", dir = ""] = said ?? [];
  expect((await repository.must(...command.split(" "), dir)).stdout).toBe("The sandbox is down.");
});
