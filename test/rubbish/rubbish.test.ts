import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cpuMs } from "../world/cpu-time.ts";
import { seededNumbers } from "../world/seeded-numbers.ts";
import { mutant } from "./mutators.ts";
import { fileReaders, type Reader, talosReaders, teleportReaders } from "./readers.ts";
import { TalosStage } from "./talos-stage.ts";
import { TeleportStage } from "./teleport-stage.ts";

/** How many inputs of each kind of file; `npm run soak rubbish` has 20,000 in all, and measures each of them. */
const INPUTS = process.env["CAPSTAN_RUBBISH"];
const OF_FILES = Number(INPUTS ?? 20);
const SEED = Number(process.env["CAPSTAN_RUBBISH_SEED"] ?? 20_261_130);
const MOST_SECONDS = 5;
const MOST_MB = 300;

/** What was not borne once, by kind. */
const REGRESSIONS = join(import.meta.dirname, "..", "..", "fixtures", "regressions");

let folder: string;
/** A parser that warns does so past every output of capstan, and quotes what may be a key. */
const warnings: string[] = [];
const warned = ({ message }: Error) => warnings.push(message);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-rubbish-"));
  process.on("warning", warned);
});
afterAll(() => {
  process.off("warning", warned);
  rmSync(folder, { recursive: true, force: true });
});

/** What is whole is taken; of what is damaged, nothing that is thrown is anything but a diagnostic. */
async function damage({ name, samples, form, read }: Reader, inputs: number): Promise<void> {
  for (const [index, sample] of samples.entries())
    expect(await read(Buffer.from(sample), index), `${name}, sample ${index}`).toBe("taken");
  const known = join(REGRESSIONS, name.replaceAll(" ", "-"));
  for (const file of existsSync(known) ? readdirSync(known) : [])
    await read(readFileSync(join(known, file)), 0);
  const random = seededNumbers(SEED);
  const thrown = new Map<string, string>();
  const counts = { refused: 0, taken: 0 };
  let [slowest, largest] = [0, 0];
  for (let count = 0; count < inputs; count += 1) {
    const sample = Math.floor(random() * samples.length);
    const { how, bytes } = mutant(samples[sample] ?? "", form, random);
    const [cpu, peak] = [cpuMs(), process.resourceUsage().maxRSS];
    try {
      counts[await read(bytes, sample)] += 1;
    } catch (error) {
      const [first, ...stack] = String(error instanceof Error ? error.stack : error).split("\n");
      const where = [
        first?.slice(0, 200),
        ...stack.filter((line) => line.includes("/src/")).slice(0, 3),
      ].join("\n");
      if (!thrown.has(where)) thrown.set(where, kept(`${name} ${count}`, how, bytes));
    }
    slowest = Math.max(slowest, (cpuMs() - cpu) / 1_000);
    largest = Math.max(largest, (process.resourceUsage().maxRSS - peak) / 1_024);
  }
  expect([...thrown].map(([where, what]) => `${what}\n${where}`)).toEqual([]);
  expect(warnings).toEqual([]);
  if (INPUTS === undefined) return;
  expect(slowest).toBeLessThan(MOST_SECONDS);
  expect(largest).toBeLessThan(MOST_MB);
  process.stderr.write(
    `${name}: ${inputs} inputs, ${counts.refused} refused; at most ${slowest.toFixed(2)} s of CPU, and ${Math.round(largest)} MB more\n`,
  );
}

/** What was not borne, in a file of its own, to be looked at and kept. */
function kept(name: string, how: string, bytes: Buffer): string {
  const file = join(tmpdir(), `not-borne-${name.replaceAll(" ", "-")}`);
  writeFileSync(file, bytes);
  return `${how.slice(0, 200)}: ${file}`;
}

describe("rubbish ends in a diagnostic or a result", () => {
  it("in files", async () => {
    for (const reader of await fileReaders(folder)) await damage(reader, OF_FILES);
  });

  it("from tctl, and in what it is given", async () => {
    const { stages, stop } = await TeleportStage.walk(["init"]);
    for (const reader of await teleportReaders(stages[0], folder))
      await damage(reader, Math.ceil(0.75 * OF_FILES));
    await stop();
  });

  it("from talosctl and kubectl", async () => {
    for (const reader of talosReaders(await TalosStage.begin()))
      await damage(reader, Math.ceil(0.3 * OF_FILES));
  });
});
