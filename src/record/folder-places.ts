import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { noPlaces, type Places } from "../fleet/places.ts";
import { createExclusively, namesIn, readIfThere } from "./files.ts";
import { parsePlaces, placesText } from "./places-text.ts";
import { refComponent } from "./ref-component.ts";

const ATTEMPTS = 100;

/**
 * The places of one campaign: a folder of numbered files, of which the highest number counts. Whoever changes them makes
 * the next number, which only one can; whoever finds a higher one after that came late, and begins anew.
 */
export class FolderPlaces {
  readonly #folder: string;
  readonly #campaign: string;

  /** `folder`: of the record. */
  constructor(folder: string, campaign: string) {
    this.#folder = join(folder, "campaigns", refComponent(campaign));
    this.#campaign = campaign;
  }

  async read(): Promise<Places> {
    return (await this.#top()).places;
  }

  /** `confirm`: throws where the cluster's lock is not held any more. `null`: `change` found that it cannot be. */
  async change(
    change: (before: Places) => Places | null,
    now: number,
    confirm: () => Promise<void>,
  ): Promise<Places | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { number, places } = await this.#top();
      const next = change(places);
      if (next === null || next === places) return next;
      await confirm();
      if (!(await createExclusively(this.#file(number + 1), placesText(next), now))) continue;
      if ((await this.#top()).number !== number + 1) {
        await rm(this.#file(number + 1), { force: true });
        continue;
      }
      await rm(this.#file(number), { force: true });
      return next;
    }
    throw new Failure(
      "storage",
      `the places of the campaign ${this.#campaign} could not be changed: other runs change them all the time`,
      {
        hint: "run it again",
      },
    );
  }

  async #top(): Promise<{ readonly number: number; readonly places: Places }> {
    const number = Math.max(0, ...(await namesIn(this.#folder)).map(numberOf));
    if (number === 0) return { number, places: noPlaces(this.#campaign) };
    const text = await readIfThere(this.#file(number));
    // Taken away between the two reads, so there is a higher one.
    if (text === null) return await this.#top();
    return { number, places: parsePlaces(text, this.#file(number), this.#campaign) };
  }

  #file(number: number): string {
    return join(this.#folder, `${number}.json`);
  }
}

function numberOf(name: string): number {
  return Number(/^(\d{1,15})\.json$/.exec(name)?.[1] ?? 0);
}
