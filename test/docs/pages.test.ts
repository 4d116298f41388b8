import "../world/in-process.ts";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";
import { commandsOf, notPrinted, type PageCommand } from "./page.ts";

const TOP = join(import.meta.dirname, "..", "..");
const PAGES = [
  "README.md",
  ...readdirSync(join(TOP, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].filter((page) => commandsOf(join(TOP, page)).length > 0);

/** A page is read from its top to its end, by one person in one folder. */
describe.each(PAGES)("%s", (page) => {
  let repository: Repository;
  afterAll(async () => repository.remove());

  it("prints what it shows, command by command", async () => {
    repository = await Repository.create();
    let folder = repository.folder;
    for (const command of commandsOf(join(TOP, page))) {
      const [program = "", ...args] = command.argv;
      const where = `${page}:${command.line}: ${command.argv.join(" ")}`;
      switch (program) {
        case "cd":
          folder = join(folder, args[0] ?? "");
          continue;
        case "mkdir":
          await mkdir(join(folder, args[0] ?? ""), { recursive: true });
          continue;
        case "cat":
          expect(existsSync(join(folder, args[0] ?? "")), where).toBe(true);
          seen(command, await readFile(join(folder, args[0] ?? ""), "utf8"), 0, where);
          continue;
        case "git": {
          const { exitCode, all } = await execa("git", args, { cwd: folder, all: true, reject: false });
          seen(command, all, exitCode ?? -1, where);
          continue;
        }
        case "capstan": {
          const isUp = args[0] === "sandbox" && args[1] === "up";
          const words = isUp && !args.includes("--speed") ? [...args, "--speed", "200"] : args;
          const ran = await new Repository(folder).capstan(...words);
          seen(command, `${ran.stdout}\n${ran.stderr}`, ran.exit, where);
          continue;
        }
        default:
          throw new Error(`${where}: a page may use capstan, git, cd, mkdir and cat`);
      }
    }
  });
});

function seen(command: PageCommand, printed: string, exit: number, where: string): void {
  expect(exit, `${where}\n${printed}`).toBe(command.exit);
  expect(notPrinted(command.shown, printed), `${where}\n${printed}`).toBeNull();
}
