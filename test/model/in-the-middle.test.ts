import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { GitServer, type Mishap } from "../servers/git-server.ts";
import { git } from "../world/git.ts";
import { copyOf, emptyRecordIn, Place, recordIn, STEPS, walked } from "./place.ts";

/** In a soak each n-th request of every step; else one in the middle of one step, which is a push. */
const STRIDE = Number(process.env["CAPSTAN_MISHAP_STRIDE"] ?? Number.POSITIVE_INFINITY);
const IN_THE_MIDDLE = 18;
const IS_SOAK = STRIDE !== Number.POSITIVE_INFINITY;
const TRIED = IS_SOAK ? STEPS : STEPS.filter(({ step }) => step === "update_clients");
const MISHAPS: readonly Mishap[] = IS_SOAK
  ? ["unheard", "half-heard", "unanswered", "half-answered", "old-replica"]
  : ["half-heard", "unanswered", "old-replica"];
const LEASE_MS = 6 * 60_000;

function isThere(place: Place, step: Phase): boolean {
  return step === "rollback" ? place.isBack : place.cluster.authority("host").phase === step;
}

/** A copy of a record behind a server of its own, with a replica that stays as it is now. */
async function served(folder: string): Promise<{ readonly copy: string; readonly server: GitServer }> {
  const copy = await copyOf(folder);
  const server = await GitServer.start(copy);
  server.replica = join(copy, "replica");
  await cp(join(folder, "remote.git"), join(server.replica, "remote.git"), { recursive: true });
  await git(join(copy, "remote.git"), ["config", "http.receivepack", "true"]);
  await git(join(copy, "clone"), ["remote", "set-url", "origin", `${server.url}/remote.git`]);
  return { copy, server };
}

describe("one request of a run to the git server of the record", () => {
  it.each(TRIED.flatMap(({ step, before }) => MISHAPS.map((kind) => ({ kind, step, before }))))(
    "$kind, in $step after $before: said, nothing is lost, and the next run goes on",
    async ({ kind, step, before }) => {
      const folder = await emptyRecordIn("refs");
      const base = new Place();
      for (const phase of before) await base.apply(phase, recordIn(folder, "refs"));
      let points = 0;

      for (let at = IS_SOAK ? 1 : IN_THE_MIDDLE; ; at += STRIDE) {
        const { copy, server } = await served(folder);
        try {
          const place = await walked(before);
          place.clock.pass(base.clock.monotonic() - place.clock.monotonic());
          const storeOf = recordIn(copy, "refs");
          server.mishap = { of: at, kind };
          const said = await place.apply(step, storeOf).catch((error: unknown) => {
            if (error instanceof Failure) return error;
            throw error;
          });
          if (server.requests < at) break;
          points += 1;
          if (!IS_SOAK) expect(server.wentWrong).toBe("POST /remote.git/git-receive-pack");
          const where = `request ${at}`;
          if (said === "applied") expect(isThere(place, step), where).toBe(true);
          if (said instanceof Failure)
            expect(["storage", "locked", "denied"], `${where}: ${said}`).toContain(said.code);
          // Nobody released it: a replica that is behind has no lock.
          if (kind === "old-replica" && !IS_SOAK) expect(String(said)).toContain("or what answers is behind");
          server.mishap = null;
          place.clock.pass(LEASE_MS);
          expect(["applied", "nothing-to-do"], where).toContain(await place.apply(step, storeOf));
          expect(place.refused, where).toEqual([]);
          expect(place.isWhole, where).toBe(true);
          expect(isThere(place, step), where).toBe(true);
          expect(await place.apply(step, storeOf), where).toBe("nothing-to-do");
        } finally {
          await server.stop();
        }
        if (!IS_SOAK) break;
      }
      expect(points).toBeGreaterThan(0);
      if (IS_SOAK) console.log(`${kind}, ${step} after ${before.length}: ${points} requests`);
    },
  );
});
