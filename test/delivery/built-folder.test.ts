import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BuiltFolder } from "../../delivery/built-folder.ts";

it("replaces files whole, and removes what only the build before had when all else is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "capstan-built-"));
  try {
    const at = (name: string) => join(folder, name);
    const before = new BuiltFolder(folder);
    for (const name of ["capstan.js", "piece-OLD.js", "sandbox/piece-OLD.js"])
      await before.put({ path: at(name), contents: `before ${name}` }, 0o755);
    await before.removeOthers();
    const read = await open(at("capstan.js"));

    const after = new BuiltFolder(folder);
    for (const name of ["piece-NEW.js", "capstan.js"]) await after.put({ path: at(name), contents: "after" });
    expect(await readFile(at("piece-OLD.js"), "utf8")).toBe("before piece-OLD.js");
    expect(await read.readFile("utf8")).toBe("before capstan.js");
    await read.close();
    await after.removeOthers();

    const left = await readdir(folder, { recursive: true });
    expect(left.toSorted()).toEqual(["capstan.js", "piece-NEW.js", "sandbox"]);
    expect(await readFile(at("capstan.js"), "utf8")).toBe("after");
  } finally {
    await rm(folder, { recursive: true });
  }
});
