import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, symlinkSync, truncateSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadResources } from "../../src/resources/read/load.ts";
import { CLUSTER, described, folderWith, NOW } from "./folder.ts";

async function complaints(folder: string): Promise<string> {
  const { diagnostics } = await loadResources(folder, {}, NOW);
  return described(diagnostics).replaceAll(folder, "FOLDER");
}

describe("files that cannot be read as they are", () => {
  it("a folder that does not exist", async () => {
    expect(await complaints("/nowhere/at-all")).toMatchInlineSnapshot(`
      "FOLDER:1:1: error: no such folder
        name the folder that holds the resources, with -C DIR
      "
    `);
  });

  it("a file in place of the folder", async () => {
    const folder = folderWith({ "a.yaml": CLUSTER });
    expect(await complaints(join(folder, "a.yaml"))).toMatchInlineSnapshot(`
      "FOLDER:1:1: error: is not a folder
        name the folder that holds the resources, with -C DIR
      "
    `);
  });

  it("a folder without anything in it is an empty state, not an error", async () => {
    expect((await loadResources(folderWith({}), {}, NOW)).diagnostics).toEqual([]);
    expect(
      (await loadResources(folderWith({ "a.yaml": "", "b.yaml": "# nothing\n---\n" }), {}, NOW)).files,
    ).toEqual([]);
  });

  it("Latin-1, with the place of the byte", async () => {
    const folder = folderWith({ "a.yaml": Buffer.from(`${CLUSTER}# Köln\n`, "latin1") });
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:5:4: error: is not UTF-8: byte 0xF6 here
        save it as UTF-8
      "
    `);
  });

  it("UTF-16", async () => {
    const folder = folderWith({ "a.yaml": Buffer.from(`\uFEFF${CLUSTER}`, "utf16le") });
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: is not UTF-8: it looks like UTF-16
        save it as UTF-8
      "
    `);
  });

  it("UTF-8 cut within a character", async () => {
    const folder = folderWith({ "a.yaml": Buffer.from(`${CLUSTER}# Köln`).subarray(0, CLUSTER.length + 4) });
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:5:4: error: is not UTF-8: byte 0xC3 here
        save it as UTF-8
      "
    `);
  });

  it("50 MB, which is not even opened", async () => {
    const folder = folderWith({ "a.yaml": "" });
    truncateSync(join(folder, "a.yaml"), 50_000_000);
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: is 47.7 MiB, more than the 1 MiB that a file of resources may
          have; it was not read
        split it, or keep it outside the folder of the resources
      "
    `);
  });

  it("a byte order mark and CRLF are fine, and columns do not count the mark", async () => {
    const text = `\uFEFF${CLUSTER.replaceAll("\n", "\r\n")}`;
    expect(await complaints(folderWith({ "a.yaml": text }))).toBe("");
    expect(
      await complaints(folderWith({ "a.yaml": text.replace("cluster", "clutser") })),
    ).toMatchInlineSnapshot(`
      "a.yaml:1:7: error: unknown kind "clutser"
        1 | kind: clutser
          |       ^
        did you mean "cluster"?
      "
    `);
  });

  it("a socket; a named pipe would never end", async () => {
    const folder = folderWith({});
    const server = createServer().listen(join(folder, "a.yaml"));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: is not a regular file
        remove it, or give it another name than *.yaml
      "
    `);
  });

  it("a folder with the name of a file is just a folder", async () => {
    const { state } = await loadResources(folderWith({ "a.yaml/b.yaml": CLUSTER }), {}, NOW);
    expect(state.clusters[0]?.source.file).toBe("a.yaml/b.yaml");
  });

  it("files and folders without permission", async ({ skip }) => {
    // Permissions do not stop root, so that root loads as nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const loader = join(import.meta.dirname, "../../src/resources/read/load.ts");
    skip(
      spawnSync("test", ["-r", loader], { cwd: "/", ...nobody }).status !== 0,
      "the user nobody cannot read this checkout",
    );
    const folder = folderWith({ "a.yaml": CLUSTER, "b/c.yaml": CLUSTER, "d.yaml": CLUSTER });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "a.yaml"), 0o000);
    chmodSync(join(folder, "b"), 0o000);
    const script = `
      const { loadResources } = await import(${JSON.stringify(loader)});
      const { diagnostics } = await loadResources(${JSON.stringify(folder)}, {}, new Date(0));
      process.stdout.write(JSON.stringify(diagnostics));
    `;
    const result = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
      cwd: "/",
      ...nobody,
    });
    chmodSync(join(folder, "b"), 0o755);
    expect(result.stderr).toBe("");
    expect(described(JSON.parse(result.stdout))).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: cannot be read (EACCES: permission denied)
        check its permissions
      b:1:1: error: the folder cannot be read (EACCES: permission denied)
        check its permissions
      "
    `);
  });
});

describe("which files are looked at", () => {
  it("neither dot folders, dot files nor node_modules", async () => {
    const bad = "kind: cluster\nversion: v9\n";
    const folder = folderWith({
      ".git/a.yaml": bad,
      ".capstan/a.yaml": bad,
      ".github/workflows/a.yaml": bad,
      ".hidden.yaml": bad,
      "node_modules/x/a.yaml": bad,
      "a.yaml": CLUSTER,
    });
    expect((await loadResources(folder, {}, NOW)).files.map(({ path }) => path)).toEqual(["a.yaml"]);
    expect(await complaints(folder)).toBe("");
  });
});

describe("symbolic links", () => {
  it("to itself, to each other, to a folder around it: loops", async () => {
    const folder = folderWith({ "a.yaml": CLUSTER });
    symlinkSync("self.yaml", join(folder, "self.yaml"));
    symlinkSync("pong.yaml", join(folder, "ping.yaml"));
    symlinkSync("ping.yaml", join(folder, "pong.yaml"));
    mkdirSync(join(folder, "b"));
    symlinkSync("..", join(folder, "b/up"));
    symlinkSync(".", join(folder, "b/here"));
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "b/here:1:1: error: a symbolic link to a folder that contains it: a loop
        remove the link
      b/up:1:1: error: a symbolic link to a folder that contains it: a loop
        remove the link
      ping.yaml:1:1: error: a symbolic link that leads back to itself
        remove the link
      pong.yaml:1:1: error: a symbolic link that leads back to itself
        remove the link
      self.yaml:1:1: error: a symbolic link that leads back to itself
        remove the link
      "
    `);
  });

  it("out of the folder, as a file and as a folder", async () => {
    const outside = folderWith({ "a.yaml": CLUSTER, "notes.txt": "" });
    const folder = folderWith({});
    symlinkSync(join(outside, "a.yaml"), join(folder, "a.yaml"));
    symlinkSync(outside, join(folder, "shared"));
    symlinkSync(join(outside, "notes.txt"), join(folder, "notes.txt"));
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: a symbolic link that leaves the folder
        put the files themselves into the folder: what is outside has no review
      shared:1:1: error: a symbolic link that leaves the folder
        put the files themselves into the folder: what is outside has no review
      "
    `);
  });

  it("to nothing", async () => {
    const folder = folderWith({});
    symlinkSync("gone.yaml", join(folder, "a.yaml"));
    symlinkSync("gone", join(folder, "notes"));
    expect(await complaints(folder)).toMatchInlineSnapshot(`
      "a.yaml:1:1: error: a symbolic link that cannot be followed (its target does not
          exist)
        repair or remove the link
      "
    `);
  });

  it("inside of the folder: read once, under the file's own name", async () => {
    const folder = folderWith({ "z/a.yaml": CLUSTER });
    symlinkSync("z/a.yaml", join(folder, "a.yaml"));
    symlinkSync("z", join(folder, "b"));
    const { state, diagnostics } = await loadResources(folder, {}, NOW);
    expect(diagnostics).toEqual([]);
    expect(state.clusters.map(({ source }) => source.file)).toEqual(["z/a.yaml"]);
  });

  it("into a dot folder, as Kubernetes mounts a config map", async () => {
    const folder = folderWith({ "..2026_11_21/a.yaml": CLUSTER });
    symlinkSync("..2026_11_21", join(folder, "..data"));
    symlinkSync("..data/a.yaml", join(folder, "a.yaml"));
    const { state, diagnostics } = await loadResources(folder, {}, NOW);
    expect(diagnostics).toEqual([]);
    expect(state.clusters.map(({ source }) => source.file)).toEqual(["a.yaml"]);
  });

  it("the folder itself may be one", async () => {
    const folder = folderWith({ "real/a.yaml": CLUSTER });
    symlinkSync("real", join(folder, "link"));
    const { state, diagnostics } = await loadResources(join(folder, "link"), {}, NOW);
    expect(diagnostics).toEqual([]);
    expect(state.clusters.map(({ source }) => source.file)).toEqual(["a.yaml"]);
  });
});
