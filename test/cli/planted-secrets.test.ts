import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GitHubServer, REPOSITORY, TOKEN } from "../forge/github-server.ts";
import { Repository } from "../world/repository.ts";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = (privateKey.export({ type: "pkcs8", format: "pem" }) as string).trim().split("\n");

/** What tctl prints on standard error, in every form that a secret has. */
const PRINTED = {
  "a key in PEM": PEM.join("\n"),
  "a key whose head was cut off": PEM.slice(3).join("\n"),
  "a key in base64 alone": privateKey.export({ type: "pkcs1", format: "der" }).toString("base64"),
  "a key as tctl prints it": Buffer.from(PEM.join("\n")).toString("base64"),
  "a token of a workflow": "ghs_plantedplantedplantedplantedplanted01",
  "a fine-grained token": "github_pat_11PLANTED0planted_plantedplantedplanted",
  "an age key": "AGE-SECRET-KEY-1PLANTEDPLANTEDPLANTEDPLANTEDPLANTED",
  "an age key of the new kind": "AGE-SECRET-KEY-PQ-1PLANTEDPLANTEDPLANTEDPLANTED",
  "a password in an address": "https://bot:planted-in-address@acme.example.com/",
  "a web token": "eyJwbGFudGVkIjoxfQ.eyJwbGFudGVkIjoyfQ.cGxhbnRlZHBsYW50ZWQ",
};
/** What only its name in the environment tells. */
const ENVIRONMENT = {
  VAULT_TOKEN: "planted-vault-token",
  PGPASSWORD: "planted-pg-password",
  CAPSTAN_HOOK_SECRET: "planted-hook-secret",
  SOPS_AGE_KEY: "AGE-SECRET-KEY-1PLANTEDINTHEENVIRONMENT",
};
/** Of the identity that tctl is given, whose file nobody but tctl has a use for. */
const IDENTITY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
/** What a machine is called. */
const NAME = "ghp_plantedplantedplantedplantedplanted02";

/** Pieces of all of it, none of which may be anywhere: a line of a key says as much as the key. */
const PIECES = [
  ...PEM.slice(1, -1).map((line) => line.slice(0, 24)),
  PRINTED["a key in base64 alone"].slice(40, 80),
  PRINTED["a key as tctl prints it"].slice(100, 140),
  "ghs_planted",
  "github_pat_11PLANTED",
  "SECRET-KEY-1PLANTED",
  "SECRET-KEY-PQ-1PLANTED",
  "planted-in-address",
  "eyJwbGFudGVkIjoyfQ",
  "planted-vault-token",
  "planted-pg-password",
  "planted-hook-secret",
  IDENTITY.split("\n")[1] ?? "",
  "ghp_planted",
  TOKEN,
];

describe("hostile input and secrets: planted everywhere, found nowhere", () => {
  let repository: Repository;
  let server: GitHubServer;
  const outputs = new Map<string, string>();
  const env = { ...ENVIRONMENT, NO_COLOR: "1", PRINTED: Object.values(PRINTED).join("\n") };

  beforeAll(async () => {
    server = new GitHubServer();
    await server.start();
    repository = await Repository.withSandbox();
    const real = join(repository.folder, ".capstan", "sandbox", "bin", "tctl");
    const planting = join(repository.folder, ".capstan", "planting");
    await mkdir(planting);
    // Prints all of it to standard error, calls a node by a token, and keeps what other users see of capstan and of it.
    await writeFile(
      join(planting, "tctl"),
      `#!/bin/sh
tr '\\0' ' ' < /proc/$$/cmdline >> ${planting}/cmdlines
tr '\\0' ' ' < /proc/$PPID/cmdline >> ${planting}/cmdlines
env | grep -oE '^(CAPSTAN|PG)[A-Z_]*=' >> ${planting}/variables
printf '%s\\n%s %s\\n' "$PRINTED" "$VAULT_TOKEN" "$PGPASSWORD" >&2
if [ -n "$FAILING" ]; then printf 'ERROR: %s\\n' "$PRINTED" >&2; exit 1; fi
${real} "$@" > ${planting}/$$.out
code=$?
sed 's/"hostname": *"node1"/"hostname": "${NAME}"/g' ${planting}/$$.out
rm ${planting}/$$.out
exit $code
`,
    );
    await chmod(join(planting, "tctl"), 0o755);
    await writeFile(join(planting, "identity"), IDENTITY, { mode: 0o600 });
    await repository.edit("*.yaml", (text) =>
      text
        .replaceAll(real, join(planting, "tctl"))
        .replace(
          /tctl: \[.*sandbox\/bin\/tctl\]/,
          `tctl: [${planting}/tctl]\n    identity_file: ${planting}/identity`,
        ),
    );
    await repository.commit("a tctl that talks");
    await repository.rotate("start", "host");
  });
  afterAll(async () => {
    await server.stop();
    await repository.remove();
  });

  async function run(name: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const ran = await execa(process.execPath, [CAPSTAN, ...args], {
      cwd: repository.folder,
      reject: false,
      stdin: "ignore",
      env: { ...env, ...more },
    });
    outputs.set(`${name}: stdout`, ran.stdout);
    outputs.set(`${name}: stderr`, ran.stderr);
    return ran;
  }

  async function keepFiles(folder: string, within = ""): Promise<void> {
    for (const entry of await readdir(join(folder, within), { withFileTypes: true })) {
      const path = join(within, entry.name);
      if (
        path.startsWith(".capstan/sandbox") ||
        path === ".git" ||
        /^\.capstan\/planting\/(tctl|identity)$/.test(path)
      )
        continue;
      if (entry.isDirectory()) await keepFiles(folder, path);
      else outputs.set(`file ${path}`, await readFile(join(folder, path), "utf8"));
    }
  }

  it("in what a run prints, writes and starts, and in what the forge is told", async () => {
    const used = await readFile(join(repository.folder, "clusters", "acme.cluster.yaml"), "utf8").catch(
      () => "",
    );
    expect(used + (await repository.git("grep", "planting"))).toContain("planting/tctl");
    await run("a failure", ["plan", "--verbose"], { FAILING: "1" });
    expect(outputs.get("a failure: stderr")).toContain("[redacted");
    for (const format of ["text", "json", "markdown"]) {
      const { exitCode } = await run(`plan as ${format}`, ["plan", "--verbose", "--format", format]);
      expect(exitCode, outputs.get(`plan as ${format}: stderr`)).toBe(2);
      await run(`status as ${format}`, ["status", "--format", format]);
    }
    await run("doctor", ["doctor"]);
    await run("plan file", ["plan", "--out", "plan.json", "--observations", "seen.json"]);
    const action = {
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: server.url,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_EVENT_NAME: "pull_request",
      GITHUB_EVENT_PATH: join(repository.folder, ".capstan", "planting", "event.json"),
      GITHUB_STEP_SUMMARY: join(repository.folder, "summary.md"),
      GITHUB_OUTPUT: join(repository.folder, "outputs"),
      GITHUB_SHA: await repository.git("rev-parse", "HEAD"),
    };
    const event = { pull_request: { number: 7, head: { sha: "beef".repeat(10) } } };
    await writeFile(action.GITHUB_EVENT_PATH, JSON.stringify(event));
    expect((await run("action", ["action", "plan"], action)).exitCode).toBe(0);
    await run("action that fails", ["action", "plan"], { ...action, FAILING: "1" });
    await run("apply", ["apply", "--auto-approve", "--verbose", "--events", "run.jsonl"]);
    await run("apply that fails", ["apply", "--auto-approve", "--events", "failed.jsonl"], { FAILING: "1" });
    await run("replay", ["replay", "run.jsonl"]);
    await keepFiles(repository.folder);
    outputs.set("the forge", JSON.stringify([server.comments, server.checkRuns, server.issues]));
    expect(server.comments.length + server.checkRuns.length).toBe(2);
    expect([...outputs.keys()]).toEqual(
      expect.arrayContaining([
        "file run.jsonl",
        "file plan.json",
        "file seen.json",
        "file .capstan/planting/cmdlines",
      ]),
    );
    expect([...outputs.keys()].some((name) => /journal/.test(name))).toBe(true);

    expect(outputs.get("file .capstan/planting/variables")).toContain("PGPASSWORD=");
    expect(outputs.get("file .capstan/planting/variables")).not.toContain("CAPSTAN_HOOK_SECRET");

    const found = [...outputs].flatMap(([where, text]) =>
      PIECES.filter((piece) => text.includes(piece)).map((piece) => `${where}: ${piece}`),
    );
    expect(found).toEqual([]);
  });
});
