import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { builtFiles, differing, withSecondBuild } from "../../delivery/second-build.ts";
import { ROOT } from "./metafiles.ts";

it("two builds in two folders are equal, byte for byte, and say nothing about these folders", async () => {
  const here = await builtFiles(ROOT);
  expect([...here.keys()]).toEqual(
    expect.arrayContaining([
      "dist/capstan.js",
      "dist/action.js",
      "dist/sandbox/daemon.js",
      "THIRD-PARTY-NOTICES",
    ]),
  );
  await withSecondBuild(ROOT, async (other) => {
    const there = await builtFiles(other);
    expect(differing(here, there)).toEqual([]);
    const folders = [`${ROOT}/`, `${other}/`, `${tmpdir()}/`];
    const telling = [...there].filter(([, content]) => folders.some((folder) => content.includes(folder)));
    expect(telling.map(([path]) => path)).toEqual([]);
  });
});

it("a file with other bytes, and one that only one build has, are named", () => {
  const one = new Map([
    ["a", "1"],
    ["b", "2"],
    ["c", "3"],
  ]);
  expect(
    differing(
      one,
      new Map([
        ["a", "1"],
        ["b", "3"],
        ["d", "3"],
      ]),
    ),
  ).toEqual(["b", "c", "d"]);
});
