import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

const TOUR = join(import.meta.dirname, "..", "..", "dist", "tour.js");

it("npm start plays to its end, and leaves no process and no file behind", async () => {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [TOUR], {
    reject: false,
    stdin: "ignore",
  });
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  const summary = stdout.slice(stdout.indexOf("What happened"));
  expect(summary).toMatch(/old key, gone\n {4}sha256:[0-9a-f]{64}\n/);
  expect(summary).toMatch(/new key, signs\n {4}sha256:[0-9a-f]{64}\n/);
  expect(summary).toContain("Try next:");
  const tooWide = `${stdout}\n${stderr}`.split("\n").filter((line) => line.length > 80);
  expect(tooWide).toEqual([]);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith("capstan-tour-"))).toEqual([]);
  expect((await commandLines()).filter((line) => line.includes("capstan-tour-"))).toEqual([]);
});

/** The command lines of all processes, as Linux shows them. */
async function commandLines(): Promise<readonly string[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}
