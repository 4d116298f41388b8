import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/rotation/plan.ts";
import { Repository } from "../world/repository.ts";

/** 500 in `npm run soak`, where one hangs as well: that takes as long as capstan waits for it. */
const CLUSTERS = Number(process.env["CAPSTAN_TEST_FLEET"] ?? 12);
const HANGS = process.env["CAPSTAN_TEST_FLEET"] !== undefined;

const NAMES = Array.from({ length: CLUSTERS }, (_, index) => `c${String(index).padStart(3, "0")}.example`);
const [FIRST = ""] = NAMES;
const DIES = NAMES.at(-1) ?? "";
const ANSWERS_RUBBISH = NAMES.at(-2) ?? "";
const HANGING = NAMES.at(-3) ?? "";
const TROUBLED = [...(HANGS ? [HANGING] : []), ANSWERS_RUBBISH, DIES].toSorted();

/** Answers as a sandbox answered once, in 50 ms; its first word is the name of the cluster that it plays. */
function script(answers: ReadonlyMap<string, string>): string {
  const branches = [...answers].map(
    ([argv, file]) => `  '${argv}') exec sed "s/acme[.]cluster/$name/g" '${file}' ;;`,
  );
  return `#!/bin/sh
name=$1
shift
case $name in
  '${DIES}') kill -9 $$ ;;
  '${ANSWERS_RUBBISH}') echo '<html>502 Bad Gateway</html>'; exit 0 ;;
${HANGS ? `  '${HANGING}') exec sleep 6000 ;;\n` : ""}esac
sleep 0.05
case "$*" in
${branches.join("\n")}
  *) echo "ERROR: nobody recorded: $*" >&2; exit 1 ;;
esac
`;
}

let repository: Repository;

beforeAll(async () => {
  repository = await Repository.withSandbox("--nodes", "2");
  // Every question that a plan of this cluster asks, with its answer.
  await repository.capstan("plan");
  const folder = join(repository.folder, ".capstan", "recorded");
  await mkdir(folder, { recursive: true });
  const tctl = join(repository.folder, ".capstan", "sandbox", "bin", "tctl");
  const answers = new Map<string, string>();
  for (const argv of await repository.calls()) {
    const key = argv.join(" ");
    if (answers.has(key)) continue;
    const file = join(folder, `${answers.size}.out`);
    const { stdout } = await promisify(execFile)(tctl, argv, { maxBuffer: 2 ** 26 });
    await writeFile(file, stdout);
    answers.set(key, file);
  }
  const tool = join(folder, "tctl");
  await writeFile(tool, script(answers));
  await chmod(tool, 0o755);
  await repository.capstan("sandbox", "down");
  const home = join(repository.folder, "clusters", "acme.cluster");
  const [cluster, authorities] = await Promise.all(
    ["cluster.yaml", "authorities.yaml"].map((file) => readFile(join(home, file), "utf8")),
  );
  for (const name of NAMES) {
    const there = join(repository.folder, "clusters", name);
    await mkdir(there);
    const named = (text = "") => text.replaceAll("acme.cluster", name);
    await writeFile(
      join(there, "cluster.yaml"),
      named(cluster).replace(/tctl: .*/, `tctl: ["${tool}", "${name}"]`),
    );
    await writeFile(join(there, "authorities.yaml"), named(authorities));
  }
  await repository.git("rm", "-r", "--quiet", "clusters/acme.cluster");
  await repository.commit("hundreds");
  await repository.git("init", "--quiet", "--bare", "--initial-branch=main", ".capstan/origin.git");
  await repository.git("remote", "add", "origin", join(repository.folder, ".capstan", "origin.git"));
  await repository.git("push", "--quiet", "--set-upstream", "origin", "main");
});
afterAll(() => repository.remove());

describe(`${CLUSTERS} clusters, by the executable`, { timeout: 3_600_000 }, () => {
  it("plan is right about all but those in trouble, and names these", async () => {
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(1);
    const inTrouble = ({ clusters }: Plan) =>
      clusters.filter(({ problem }) => problem !== null).map(({ name }) => name);
    expect(inTrouble(plan).toSorted()).toEqual(TROUBLED);
    const right = plan.clusters.filter(
      ({ problem, drift, rotations }) => problem === null && drift.length + rotations.length === 0,
    );
    expect(right).toHaveLength(CLUSTERS - TROUBLED.length);
    expect(plan.clusters.find(({ name }) => name === FIRST)?.fingerprint).toMatch(/^sha256:/);
  });

  it("the texts of plan and status are short, and name the same", async () => {
    const texts = await Promise.all([repository.capstan("plan"), repository.capstan("status")]);
    for (const { exit, stdout } of texts) {
      expect(exit).toBe(1);
      for (const name of TROUBLED) expect(stdout).toContain(name);
      expect(stdout.split("\n").length).toBeLessThan(80);
    }
  });

  it("apply of some of them takes those, and says of each other one how it ended", async () => {
    const some = [...NAMES.slice(0, 5), ...TROUBLED];
    const ran = await repository.capstan(
      "apply",
      "--auto-approve",
      ...some.flatMap((name) => ["--cluster", name]),
    );
    expect(ran.exit).toBe(1);
    for (const name of NAMES.slice(0, 5)) expect(ran.stderr).toMatch(new RegExp(`${name}\\b.*nothing-to-do`));
    for (const name of TROUBLED) expect(ran.stderr).toMatch(new RegExp(`${name}\\b.*failed`));
  });

  it("a round of reconcile notes the commit in all others, and ends with 1", async () => {
    const { exit, stderr, stdout } = await repository.capstan("reconcile", "--once", "--format", "json");
    expect(exit).toBe(1);
    const told = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map(
        (line) =>
          JSON.parse(line) as { readonly type: string; readonly cluster?: string; readonly outcome?: string },
      );
    const ended = told.filter(({ type }) => type === "cluster-finished");
    expect(
      ended
        .filter(({ outcome }) => outcome === "failed")
        .map(({ cluster }) => cluster)
        .toSorted(),
    ).toEqual(TROUBLED);
    expect(ended.filter(({ outcome }) => outcome === "nothing-to-do")).toHaveLength(
      CLUSTERS - TROUBLED.length,
    );
    expect(stderr).not.toContain("error:");
  });
});
