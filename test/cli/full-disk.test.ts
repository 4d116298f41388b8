import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");
const IS_ROOT = process.getuid?.() === 0;
/** Mounts of its own, that nobody else sees and that are gone with it. */
const UNSHARED = [...(IS_ROOT ? [] : ["sudo", "-n", "--preserve-env"]), "unshare", "--mount", "bash", "-ceu"];

/** A folder as it is, on a disk of its own: one without a byte left, or one that nobody may write to. */
const DISKS = {
  full: `
    cp -a "$FOLDER/." "$ASIDE"
    mount -t tmpfs -o "size=1m,uid=$OWNER" none "$FOLDER"
    cp -a "$ASIDE/." "$FOLDER"
    head -c 2M /dev/zero > "$FOLDER/.fill" 2>/dev/null || true`,
  "read-only": `
    mount --bind "$FOLDER" "$FOLDER"
    mount -o remount,ro,bind "$FOLDER"`,
} as const;

let repository: Repository;
beforeAll(async () => {
  repository = await Repository.withSandbox();
  await repository.rotate("start", "host");
  // Where the record of this machine is, and nothing else.
  await mkdir(join(repository.folder, ".capstan", "record"), { recursive: true });
  await mkdir(join(repository.folder, "plans"));
});
afterAll(async () => repository.remove());

function on(disk: keyof typeof DISKS, folder: string, args: readonly string[]) {
  const script = `ASIDE=$(mktemp -d)${DISKS[disk]}
    rm -rf "$ASIDE"
    exec setpriv --reuid="$OWNER" --keep-groups -- "$NODE" "$CLI" "$@"`;
  const [file = "", ...rest] = [...UNSHARED, script, "capstan", ...args];
  const { status, stdout, stderr } = spawnSync(file, rest, {
    cwd: repository.folder,
    encoding: "utf8",
    env: {
      ...process.env,
      NODE: process.execPath,
      CLI: CAPSTAN,
      NO_COLOR: "1",
      FOLDER: join(repository.folder, folder),
      OWNER: String(process.getuid?.()),
    },
  });
  return { exit: status, stdout, stderr: flat(stderr) };
}

async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(join(repository.folder, folder), { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")])),
  );
}

/** What is wrong, and what to do about it. */
const SAID = {
  full: /no space left on the device.* → (make room|check the permissions and the free space)/,
  "read-only": /the file system is read-only.* → (name a file in|check the permissions)/,
} as const;

describe.each(["full", "read-only"] as const)("a disk that is %s", (disk) => {
  it.each([
    ["where the record and the locks are", ".capstan", ["apply", "--auto-approve"]],
    ["where the record is", ".capstan/record", ["apply", "--auto-approve"]],
    ["where resources are edited", "clusters", ["hold", "--reason", "audit"]],
    ["where a resource is added", "clusters", ["rotate", "start", "user"]],
    ["where a plan file shall be", "plans", ["plan", "--out", "plans/p.json"]],
  ])("%s: said, nothing is lost and nothing asked for", async (_, folder, args) => {
    const before = await filesIn("clusters");
    const ran = on(disk, folder, args);
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.stderr).toMatch(SAID[disk]);
    expect(ran.stdout + ran.stderr).not.toMatch(/\bat .*\.js:\d|this is a bug/);
    expect(await filesIn("clusters")).toEqual(before);
    expect((await repository.calls()).filter((argv) => argv[1] === "rotate")).toEqual([]);
  });
});
