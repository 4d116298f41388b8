import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeNodes } from "../../bench/nodes.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles } from "../../bench/repository.ts";
import { writeTctl } from "../../bench/tctl.ts";
import { Tmux } from "../world/tmux.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-meter-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it.runIf(Tmux.found)(
  "a plan that takes its time says how far it is, and leaves nothing of that",
  async () => {
    const listing = join(folder, "nodes.json");
    await writeNodes(listing, 3_000, { phase: null, currentId: "" });
    await mkdir(join(folder, "recorded"));
    const recorded = await writeTctl(join(folder, "recorded"), {
      answers: { "get nodes --format=json": { file: listing } },
    });
    // The proxies are not listed before somebody has seen how many nodes were.
    const tctl = join(folder, "tctl");
    const wait = `case "$*" in *proxies*) while [ ! -e '${folder}/seen' ]; do sleep 0.1; done ;; esac`;
    await writeFile(tctl, `#!/bin/sh\n${wait}\nexec '${recorded}' "$@"\n`);
    await chmod(tctl, 0o755);
    const repository = join(folder, "repository");
    await commitFiles(repository, {
      "cluster.yaml": clusterText("acme.cluster", tctl),
      "authorities.yaml": authoritiesText("acme.cluster"),
    });
    const command = CAPSTAN.map((word) => `'${word}'`).join(" ");
    const screen = new Tmux(`${command} plan`, { columns: 100, rows: 30, cwd: repository });
    try {
      expect(await screen.see("read 3,000 rows")).toMatch(/^read 3,000 rows, [\d,.]+ a second \(\d+ s\)$/m);
      await writeFile(join(folder, "seen"), "");
      const end = await screen.see("ended with");
      expect(end).toContain("No changes.");
      expect(end).not.toContain("rows");
    } finally {
      screen.close();
    }
  },
);
