import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simpleGit } from "simple-git";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderStore } from "../../src/record/folder-store.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { AuthorityBackup, JournalEntry, RecordStore } from "../../src/record/store.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { registerSecret } from "../../src/secrets.ts";
import { asWritten } from "../world/as-written.ts";
import { authority, CLUSTER, memory, NOW } from "../world/host-rotation.ts";
import { Repositories } from "./repositories.ts";

const BY_FORM = "ghs_plantedplantedplantedplantedplanted01";
const BY_REGISTER = "planted-by-register";
/** The value of a variable that is a word of the record, too. */
const WORD = "host";
const SECRET = `it said ${BY_FORM} and ${BY_REGISTER}`;
const AT = new Date(NOW).toISOString();

const RESULT = {
  name: "host",
  content: "c".repeat(16),
  at: AT,
  outcome: "failed",
  passed: 0,
  of: 1,
  detail: SECRET,
} as const;

const RECORD: ClusterRecord = {
  format_version: "1.0",
  cluster: CLUSTER,
  applied: { commit: "a".repeat(40), at: AT, accepted: { instead_of: "b".repeat(40), reason: SECRET } },
  checks: [RESULT],
  rotations: [
    memory("update_clients", {
      reason: SECRET,
      baseline: [RESULT],
      roster: [{ kind: "node", id: "id-of-one", name: SECRET }],
      backup: { at: AT, where: SECRET },
    }),
  ],
};
const ENTRY: JournalEntry = {
  at: AT,
  run: "run",
  commit: null,
  cluster: CLUSTER,
  rotation: "host-2026-11",
  authority: "host",
  from: "init",
  to: "update_clients",
  what: "failed",
  detail: SECRET,
};
const [KEY] = authority("init").active;
const BACKUP: AuthorityBackup = {
  format_version: "1.0",
  at: AT,
  cluster: CLUSTER,
  authorities: KEY === undefined ? [] : [{ ...authority("init"), active: [{ ...KEY, storage: SECRET }] }],
};

/** Gives what was written, while the lock is held. */
async function fill(store: RecordStore, written: () => Promise<string>): Promise<string> {
  const lock = await store.lock(CLUSTER, { who: "alice", why: SECRET, runUrl: SECRET }, () => {});
  try {
    await store.save(RECORD);
    await store.append(ENTRY);
    await store.backup(BACKUP, null);
    return await written();
  } finally {
    await lock.release();
  }
}

let folder: string;
let world: Repositories;
beforeEach(async () => {
  registerSecret(BY_REGISTER);
  registerSecret(WORD, "CAPSTAN_VAR_WORD");
  folder = await mkdtemp(join(tmpdir(), "capstan-secrets-"));
  world = await Repositories.make();
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await world.remove();
});

const STORES = {
  folder: () => ({
    open: () => folderStore(folder, () => NOW),
    async written() {
      const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
        entry.isFile(),
      );
      const texts = files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8"));
      return (await Promise.all(texts)).join("\n");
    },
  }),
  refs: () => ({
    open: () => refsStore({ folder: join(world.folder, "clone-1"), env: process.env, clock: () => NOW }),
    async written() {
      const git = simpleGit(world.remote);
      const oids = (await git.raw("cat-file", "--batch-all-objects", "--batch-check")).trim().split("\n");
      const texts = oids.map((line) => git.raw("cat-file", "-p", line.split(" ")[0] ?? ""));
      return (await Promise.all(texts)).join("\n");
    },
  }),
} as const;

describe.each(["folder", "refs"] as const)(
  "hostile input and secrets: what the store writes (%s)",
  (kind) => {
    it("has no secret in any text, and every name, key, id and time to the letter", async () => {
      const { open, written } = STORES[kind]();
      const text = await fill(open(), written);
      // Record, applied commit, journal, backup and lock are all there to be looked at.
      for (const there of ['"accepted"', '"detail"', '"storage"', '"runUrl"', '"where"', '"roster"']) {
        expect(text).toContain(there);
      }
      expect(text).not.toContain(BY_FORM);
      expect(text).not.toContain(BY_REGISTER);
      const said = "it said [redacted] and [redacted]";
      const [rotation] = RECORD.rotations;
      expect(asWritten(await open().load(CLUSTER))).toEqual({
        ...RECORD,
        applied: { ...RECORD.applied, accepted: { instead_of: "b".repeat(40), reason: said } },
        checks: [{ ...RESULT, detail: said }],
        rotations: [
          {
            ...rotation,
            reason: said,
            baseline: [{ ...RESULT, detail: said }],
            roster: [{ kind: "node", id: "id-of-one", name: said }],
            backup: { at: AT, where: said },
          },
        ],
      });
    });
  },
);

/** Strings of the record that any text fits in, and that are compared: with git, or with the cluster. */
const COMPARED = [
  "cluster",
  "rotations.name",
  "rotations.authority",
  "rotations.current_id",
  "rotations.previous_id",
  "rotations.turned_back.current_id",
  "rotations.roster.id",
  "rotations.contents",
  // Waivers as git has them, which is where a secret in one would be, too.
  "rotations.spent.guard",
  "rotations.spent.subject",
  "rotations.spent.reason",
  "rotations.spent.expires",
  "rotations.renewals.kind",
  // A check and its content, as git has them.
  "checks.name",
  "checks.content",
  "rotations.baseline.name",
  "rotations.baseline.content",
  "overrides.authority",
  // A session, as the audit log has it.
  "sessions.authority",
  "sessions.cluster",
  "sessions.session",
  // Certificates.
  "talos.old_certificate",
  "talos.next_certificate",
];
const TEXTS = [
  "applied.accepted.reason",
  "checks.detail",
  "rotations.baseline.detail",
  "rotations.reason",
  "rotations.roster.name",
  "rotations.backup.where",
];

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

describe("hostile input and secrets: fields of the record that take any text", () => {
  it("are each looked through, or compared", () => {
    const file = join(import.meta.dirname, "..", "..", "schemas", "record.schema.json");
    const whole = JSON.parse(readFileSync(file, "utf8")) as Schema;
    const found = new Set<string>();
    const walk = (schema: Schema, path: string): void => {
      if (schema.$ref !== undefined) walk(whole.$defs?.[schema.$ref.split("/").at(-1) ?? ""] ?? {}, path);
      for (const one of schema.oneOf ?? []) walk(one, path);
      if (schema.items !== undefined) walk(schema.items, path);
      for (const [name, inner] of Object.entries(schema.properties ?? {}))
        walk(inner, path === "" ? name : `${path}.${name}`);
      if (schema.pattern === undefined && [schema.type].flat().includes("string")) found.add(path);
    };
    walk(whole, "");
    expect([...found].toSorted()).toEqual([...COMPARED, ...TEXTS].toSorted());
  });
});
