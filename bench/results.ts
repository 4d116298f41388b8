import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import type { Measured } from "./row.ts";

const FOLDER = join(import.meta.dirname, "results");

/** What one machine measured on one day; a row that is measured again replaces what it was before. */
export interface Results {
  readonly day: string;
  readonly rows: Readonly<Record<string, Measured & { readonly machine: Machine }>>;
}

/** All days, the oldest first. */
export async function readResults(): Promise<readonly Results[]> {
  await mkdir(FOLDER, { recursive: true });
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".json")).sort();
  return await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(FOLDER, name), "utf8"))));
}

/** Adds one row to what this day has. */
export async function keepResult(
  day: string,
  name: string,
  measured: Measured,
  machine: Machine,
): Promise<void> {
  const known = (await readResults()).find((results) => results.day === day);
  const results: Results = { day, rows: { ...known?.rows, [name]: { ...measured, machine } } };
  await writeFile(join(FOLDER, `${day}.json`), `${JSON.stringify(results, null, 2)}\n`);
}
