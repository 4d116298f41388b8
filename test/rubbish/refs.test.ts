import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { copyOf, emptyRecordIn, Place, recordIn, walked } from "../model/place.ts";
import { git } from "../world/git.ts";
import { CLUSTER } from "../world/host-rotation.ts";
import { DAMAGES, KEPT, type RecordRef } from "./damaged-refs.ts";

/** In `npm test` each n-th pair of a ref and a damage; in a soak all of them. */
const STRIDE = Number(process.env["CAPSTAN_REFS_STRIDE"] ?? 47);
const LEASE_MS = 6 * 60_000;

/** The refs of a record, and the file of each. */
const REFS: Readonly<Record<string, string>> = {
  [`refs/capstan/record/${CLUSTER}`]: "record.json",
  [`refs/capstan/journal/${CLUSTER}`]: "entry.json",
  [`refs/capstan/backup/${CLUSTER}`]: "backup.json",
  [`refs/capstan/locks/${CLUSTER}`]: "lock.json",
  "refs/capstan/lock": "lock.json",
  "refs/capstan/campaigns/spring": "campaign.json",
};

/** Whatever reads refs: what is thrown is a sentence. */
const READS: Readonly<Record<string, (store: RecordStore) => Promise<unknown>>> = {
  load: (store) => store.load(CLUSTER),
  whereabouts: (store) => store.whereabouts(CLUSTER),
  lockState: (store) => store.lockState(CLUSTER),
  locks: (store) => store.locks(),
  places: (store) => store.places("spring"),
};

async function unlessRefused<Value>(work: () => Promise<Value>): Promise<Value | Failure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

const ALL = Object.keys(REFS).flatMap((ref) => Object.keys(DAMAGES).map((damage) => ({ ref, damage })));

describe("a ref of the record that is rubbish", () => {
  it(`each ${STRIDE}. of ${ALL.length}: a diagnostic or a result, and no step on a record that is not there`, async () => {
    const folder = await emptyRecordIn("refs");
    const base = new Place();
    await base.apply("init", recordIn(folder, "refs"));
    const whole = await recordIn(folder, "refs")(base).load(CLUSTER);
    expect(whole.rotations).toHaveLength(1);
    const thrown: string[] = [];
    const steps: string[] = [];

    for (const { ref, damage } of ALL.filter((_, index) => index % STRIDE === 0)) {
      const copy = await copyOf(folder);
      const remote = join(copy, "remote.git");
      const file = REFS[ref] ?? "";
      const text = await git(remote, ["cat-file", "blob", `${ref}:${file}`]).catch(() => "{}");
      const at: RecordRef = { remote, ref, file, whole: `${text}\n` };
      await DAMAGES[damage]?.(at);

      const place = await walked(["init"]);
      place.clock.pass(base.clock.monotonic() - place.clock.monotonic() + LEASE_MS);
      const storeOf = recordIn(copy, "refs");
      const store = storeOf(place);
      for (const [what, read] of Object.entries(READS)) {
        await unlessRefused(() => read(store)).catch((error: unknown) => {
          thrown.push(`${ref} is ${damage}: ${what}: ${String((error as Error).stack).slice(0, 400)}`);
        });
      }
      const seen = await unlessRefused(() => store.load(CLUSTER)).catch(() => null);
      const outcome = await unlessRefused(() => place.apply("update_clients", storeOf)).catch(
        (error: unknown) => {
          thrown.push(`${ref} is ${damage}: apply: ${String((error as Error).stack).slice(0, 400)}`);
          return null;
        },
      );
      const isThere = JSON.stringify(seen) === JSON.stringify(whole);
      const { phase } = place.cluster.authority("host");
      if (!isThere && phase !== "init") steps.push(`${ref} is ${damage}: ${phase}`);
      // What is not the record of this cluster is no record that is empty either.
      if (ref.includes("/record/") && !KEPT.includes(damage) && isThere)
        steps.push(`${ref} is ${damage}, and was read as whole`);
      if (outcome === "applied" && phase !== "update_clients")
        steps.push(`${ref} is ${damage}: said applied`);
    }
    expect(thrown).toEqual([]);
    expect(steps).toEqual([]);
  });
});
