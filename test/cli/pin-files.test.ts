import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPinFiles } from "../../src/cli/pin-files.ts";
import { openRepository } from "../../src/git/repository.ts";
import { CommitTree } from "../../src/git/tree.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";

const pinOf = (text: string): Fingerprint => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const OLD = pinOf("the old key");
const NEW = pinOf("the new key");
const OTHER = pinOf("an image");
const HEX = OLD.slice("sha256:".length);
const ROOT = join(import.meta.dirname, "..", "..");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-pins-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const git = (...args: readonly string[]) =>
  execa(
    "git",
    ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always", ...args],
    {
      cwd: folder,
    },
  );

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function commit(): Promise<void> {
  await git("init", "--quiet");
  await git("add", "--all", "--force");
  await git("commit", "--quiet", "--allow-empty", "-m", "files");
}

async function committed(prefix = ""): Promise<CommitTree> {
  const repository = await openRepository(join(folder, prefix));
  if (repository?.commit == null) throw new Error("no commit");
  return await CommitTree.open(repository, repository.commit, repository.prefix);
}

const KNOWN = new Set([OLD, NEW]);
const search = (from: string | CommitTree, patterns: readonly string[] | null = null) =>
  findPinFiles(from, patterns, KNOWN, new Set(["ca.yaml"]));
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Where people keep a pin, and how they write it: each file lists the old one, in its second line. */
const NOTATIONS: Readonly<Record<string, string>> = {
  "teleport.yaml": `teleport:\n  ca_pin: "${OLD}"\n`,
  "teleport.toml": `[teleport]\nca_pin = "${OLD}"\n`,
  "teleport.service": `[Service]\nExecStart=teleport start --ca-pin=${OLD}\n`,
  "join.sh": `#!/bin/sh\nexec teleport start --ca-pin ${OLD}\n`,
  "main.tf": `locals {\n  ca_pin = "${OLD}"\n}\n`,
  Dockerfile: `FROM debian\nENV CA_PIN=${OLD}\n`,
  "cloud/user-data": `#cloud-config\nca_pin: ${OLD}\n`,
  "etc/ca-pin": `\n${OLD}\n`,
  "templates/teleport.yaml.j2": `teleport:\n  ca_pin: "${OLD}"\n`,
  "prod.tfvars.json": `{\n  "teleport_ca_pin": "${OLD}" }\n`,
  "docker/.env": `\nTELEPORT_CA_PIN=${OLD}\n`,
  ".github/workflows/deploy.yml": `env:\n  CA_PIN: ${OLD}\n`,
  "install.py": `LINES = ('teleport:',\n  '    ca_pin: "${OLD}"')\n`,
  "apart.tf": `locals { ca_pin = "sha256:\${var.h}" }\nvariable "h" { default = "${HEX}" }\n`,
  "secret.yaml": `kind: Secret\ndata: { ca-pin: ${base64(OLD)} }\n`,
  "secret-config.yaml": `kind: Secret\ndata: { teleport.yaml: ${base64(`teleport:\n  ca_pin: ["${OLD}"]\n`)} }\n`,
  "group_vars/all": `\nteleport_ca_pin: ${OLD}\n`,
  "host.nix": `{\n  services.teleport.settings.teleport.ca_pin = "${OLD}"; }\n`,
  "agent.pkr.hcl": `provisioner "shell" {\n  environment_vars = ["CA_PIN=${OLD}"] }\n`,
  "cloudformation.json": `{"Parameters":\n  {"CAPin": {"Default": "${OLD}"}}}\n`,
  "join.ps1": `\nteleport start --ca-pin=${OLD}\n`,
  "values.yaml.gotmpl": `\ncaPin: ["${OLD}"]\n`,
  "quoted.go": `\nconst pin = "sha256:" + "${HEX}"\n`,
  "upper.conf": `\nca_pin ${HEX.toUpperCase()}\n`,
  "escaped.url": `\nhttps://example.com/?pin=sha256%3A${HEX}\n`,
  "Makefile\nwith a line feed": `\nCA_PIN = ${OLD}\n`,
};

const everywhere = Object.keys(NOTATIONS)
  .sort()
  .map((file) => ({ file, pins: [{ fingerprint: OLD, line: 2 }] }));

describe("a pin is found by its content, with nothing configured", () => {
  it("in a commit, in every notation and under every name", async () => {
    await write({ ...NOTATIONS, "ca.yaml": `active_keys: [${OLD}]\n` });
    await commit();
    await rm(join(folder, "teleport.yaml"));
    expect(await search(await committed())).toEqual({ files: everywhere, unread: [] });
  });

  it("in a work tree, with files that are new and without those that git ignores", async () => {
    await write({ ".gitignore": "build/\n" });
    await commit();
    await write({ ...NOTATIONS, "build/teleport.yaml": `\n${OLD}\n` });
    expect(await search(folder)).toEqual({ files: everywhere, unread: [] });
  });

  it("in a folder of which git knows nothing", async () => {
    await write(NOTATIONS);
    expect(await search(folder)).toEqual({ files: everywhere, unread: [] });
  });

  it.each([0, 1, 2, 3, 5, 31, 63])(
    "in Base64 that is broken into lines, %s characters in",
    async (before) => {
      const text = `${"x".repeat(before)}${OLD}\n`.repeat(3);
      await write({ "blob.b64": base64(text).replace(/.{76}/g, "$&\n") });
      const { files } = await search(folder);
      expect(files.map(({ pins }) => [...new Set(pins.map(({ fingerprint }) => fingerprint))])).toEqual([
        [OLD],
      ]);
    },
  );

  it("in a file of any size", async () => {
    await write({ "helm/all.yaml": `${"# filler\n".repeat(150_000)}ca_pin: ${OLD}\n` });
    await commit();
    const found = [{ file: "helm/all.yaml", pins: [{ fingerprint: OLD, line: 150_001 }] }];
    expect((await search(await committed())).files).toEqual(found);
    expect((await search(folder)).files).toEqual(found);
  });

  it("above and beside the folder of the resources, as one repository is reviewed as a whole", async () => {
    await write({ "pki/ca.yaml": `active_keys: [${OLD}]\n`, "terraform/main.tf": `\n${OLD}\n` });
    await commit();
    const found = [{ file: "../terraform/main.tf", pins: [{ fingerprint: OLD, line: 2 }] }];
    expect((await search(await committed("pki"))).files).toEqual(found);
    expect((await search(join(folder, "pki"))).files).toEqual(found);
  });

  it("in a submodule", async () => {
    await write({ "teleport.yaml": `\n${OLD}\n` });
    await commit();
    const outer = `${folder}-outer`;
    try {
      await mkdir(outer);
      await execa("git", ["init", "--quiet"], { cwd: outer });
      const here = [
        "-c",
        "protocol.file.allow=always",
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@localhost",
      ];
      await execa("git", [...here, "submodule", "--quiet", "add", folder, "inner"], { cwd: outer });
      await execa("git", [...here, "commit", "--quiet", "-m", "inner"], { cwd: outer });
      const repository = await openRepository(outer);
      if (repository?.commit == null) throw new Error("no commit");
      const tree = await CommitTree.open(repository, repository.commit, "");
      expect((await search(tree)).files).toEqual([
        { file: "inner/teleport.yaml", pins: [{ fingerprint: OLD, line: 2 }] },
      ]);
    } finally {
      await rm(outer, { recursive: true, force: true });
    }
  });
});

describe("what only looks like one is none", () => {
  it("another digest, Base64 in another case of letters, the resources, and what capstan keeps", async () => {
    await write({
      "values.yaml": `image: nginx@${OTHER}\n`,
      "other-case.txt": base64(OLD).toLowerCase(),
      "ca.yaml": `active_keys: [${OLD}]\n`,
      ".capstan/records/acme.json": `"${OLD}"`,
    });
    await commit();
    expect(await search(await committed())).toEqual({ files: [], unread: [] });
    expect(await search(folder)).toEqual({ files: [], unread: [] });
  });

  it("nothing in this project's own repository, and nothing in the pages of its packages", async () => {
    const pages = (await execa("git", ["ls-files"], { cwd: ROOT })).stdout.split("\n");
    expect(pages.length).toBeGreaterThan(500);
    const project = await openRepository(ROOT);
    if (project?.commit == null) throw new Error("no commit");
    expect(await search(await CommitTree.open(project, project.commit, project.prefix))).toEqual({
      files: [],
      unread: [],
    });
    const names = ["yaml", "execa", "ink", "vitest"];
    for (const name of names) {
      const page = join(ROOT, "node_modules", name, "readme.md");
      const other = join(ROOT, "node_modules", name, "README.md");
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      await cp(page, join(folder, "node_modules", name, "README.md")).catch(() =>
        cp(other, join(folder, "node_modules", name, "README.md")),
      );
    }
    expect((await readFile(join(folder, "node_modules/yaml/README.md"), "utf8")).length).toBeGreaterThan(100);
    await commit();
    expect(await search(await committed())).toEqual({ files: [], unread: [] });
  });
});

describe("patterns narrow the search", () => {
  it.each([
    ["**/*", Object.keys(NOTATIONS)],
    ["**/.env", ["docker/.env"]],
    ["**/.github/**", [".github/workflows/deploy.yml"]],
    ["*.tf", ["apart.tf", "main.tf"]],
    ["helm/**", []],
  ])("%s", async (pattern, files) => {
    await write(NOTATIONS);
    await commit();
    const found = await search(await committed(), [pattern]);
    expect(found.files.map(({ file }) => file)).toEqual(files.toSorted());
  });
});

describe("absence is no evidence: what was not searched for pins is named", () => {
  const POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

  it("a pointer of Git LFS, where the patterns lead", async () => {
    await write({ "vars.yaml": POINTER, "logo.png": POINTER, "guide.md": `about\n${POINTER}` });
    await commit();
    const { unread } = await search(await committed(), ["*.yaml", "*.md"]);
    expect(unread).toEqual([{ file: "vars.yaml", problem: expect.stringContaining("pointer of Git LFS") }]);
    expect((await search(await committed())).unread.map(({ file }) => file)).toEqual([
      "logo.png",
      "vars.yaml",
    ]);
  });

  it("a folder that is not there", async () => {
    const { files, unread } = await search(join(folder, "gone"));
    expect(files).toEqual([]);
    expect(unread).toEqual([{ file: ".", problem: expect.stringContaining("cannot be searched") }]);
  });

  it("an object that the clone lacks", async () => {
    await write({ "teleport.yaml": `\n${OLD}\n` });
    await commit();
    const oid = (await git("rev-parse", "HEAD:teleport.yaml")).stdout;
    const tree = await committed();
    const object = join(folder, ".git", "objects", oid.slice(0, 2), oid.slice(2));
    await chmod(object, 0o644);
    await rm(object);
    await expect(search(tree)).rejects.toMatchObject({ code: "storage" });
  });
});
