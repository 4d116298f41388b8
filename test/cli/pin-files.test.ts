import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPinFiles } from "../../src/cli/pin-files.ts";
import { NEW, OLD } from "../world/host-rotation.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-pins-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const search = (from: string) => findPinFiles(from, ["**/*.yaml"], new Set([OLD, NEW]), new Set());

describe("absence is no evidence: what was not searched for pins is named", () => {
  it("a file that is too large to be read", async () => {
    await mkdir(join(folder, "helm"));
    await writeFile(join(folder, "helm", "all.yaml"), `${"# filler\n".repeat(150_000)}ca_pin: ${OLD}\n`);
    await writeFile(join(folder, "teleport.yaml"), `ca_pin: ${OLD}\n`);
    const { files, unread } = await search(folder);
    expect(files.map(({ file }) => file)).toEqual(["teleport.yaml"]);
    expect(unread).toEqual([
      { file: "helm/all.yaml", problem: expect.stringContaining("larger than 1 MiB") },
    ]);
  });

  it("a folder that cannot be read", async () => {
    const { files, unread } = await search(join(folder, "gone"));
    expect(files).toEqual([]);
    expect(unread).toEqual([{ file: ".", problem: "cannot be read (ENOENT)" }]);
  });

  it("and nothing is where everything was searched", async () => {
    await writeFile(join(folder, "teleport.yaml"), `ca_pin: [${OLD}, ${NEW}]\n`);
    expect(await search(folder)).toMatchObject({ files: [{ file: "teleport.yaml" }], unread: [] });
  });
});
