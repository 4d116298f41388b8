import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TALOS_MINORS } from "../src/sandbox/talos/dialect.ts";
import { RELEASES } from "../src/sandbox/teleport/release.ts";
import { TRIED_RELEASES as TALOS_TRIED, untriedNote as talosNote } from "../src/talos/tried-releases.ts";
import {
  TRIED_RELEASES as TELEPORT_TRIED,
  untriedNote as teleportNote,
} from "../src/teleport/tried-releases.ts";

/** docs/versions.md is made of what is in fixtures/ and of what the sandbox plays: `npx vitest run test/versions.test.ts -u`. */
const RECORDINGS = join(import.meta.dirname, "..", "fixtures", "recordings");
const SHAPES = join(import.meta.dirname, "..", "fixtures", "teleport");

interface Recorded {
  readonly executable: string;
  readonly release: string;
  readonly calls: number;
  readonly file: string;
}

function recorded(folder: string, file: string): Recorded {
  const [executable = "", release = ""] =
    /^([a-z]+)-(.+)$/.exec(folder === "talos" ? file : folder)?.slice(1) ?? [];
  const text = readFileSync(join(RECORDINGS, folder, file), "utf8").trim();
  return {
    executable: executable === "teleport" ? "tctl" : executable,
    release: release.replace(/\.jsonl$/, ""),
    calls: text.split("\n").filter((line) => !line.includes('"event"')).length,
    file: `fixtures/recordings/${folder}/${file}`,
  };
}

const all = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted()
  .flatMap((folder) =>
    readdirSync(join(RECORDINGS, folder))
      .filter((file) => file.endsWith(".jsonl"))
      .toSorted()
      .map((file) => recorded(folder, file)),
  );
const shapes = [
  ...new Set(readdirSync(SHAPES).flatMap((file) => /-v(\d+)\./.exec(file)?.[1] ?? [])),
].toSorted((left, right) => Number(left) - Number(right));

const TEXT = `# What capstan was tried against

Made from \`fixtures/\` and from what \`capstan sandbox\` plays, by \`test/versions.test.ts\`. A release that is not here is
said in every plan of a rotation, and not guessed.

## Real output, recorded and replayed line by line

| executable | release | calls | file |
|---|---|---|---|
${all.map(({ executable, release, calls, file }) => `| \`${executable}\` | ${release} | ${calls} | \`${file}\` |`).join("\n")}

## Emulated clusters, on which whole rotations are walked

| platform | releases |
|---|---|
| Teleport | ${RELEASES.join(", ")} |
| Talos | ${TALOS_MINORS.join(", ")} |

## Shapes of listings, as documented or read in the source

Teleport ${shapes.join(", ")} (\`fixtures/teleport/\`).

## Not tried

No test runs a real Teleport or Talos. What was recorded came from real ones: Teleport 5.0.0-dev and 11.1.2, talosctl 1.13.9
and 1.14.0-rc.1 with a real kubectl. Real output of Teleport 17, 18 and 19 was not seen; their texts are as in their
documentation and source.
`;

it("docs/versions.md is what the fixtures say", async () => {
  await expect(TEXT).toMatchFileSnapshot("../docs/versions.md");
});

it("the releases of which nothing is said are those of which there is something", () => {
  const majors = (texts: readonly string[], count: number) =>
    [...new Set(texts.map((text) => text.split(".").slice(0, count).join(".")))].toSorted(
      (left, right) => Number(left) - Number(right),
    );
  const ofTctl = all.filter(({ executable }) => executable === "tctl").map(({ release }) => release);
  const ofTalosctl = all.filter(({ executable }) => executable === "talosctl").map(({ release }) => release);
  expect(TELEPORT_TRIED).toEqual(majors([...ofTctl, ...RELEASES], 1));
  expect(TALOS_TRIED).toEqual(majors([...ofTalosctl, ...TALOS_MINORS], 2));
});

it.each([
  [teleportNote, "18.9.0", null],
  [teleportNote, "v11.1.2", null],
  [teleportNote, null, null],
  [teleportNote, "what", null],
  [teleportNote, "20.1.0", "capstan was tried against Teleport 5, 11, 17 and 18, and not against 20"],
  [teleportNote, "14.3.6", "not against 14"],
  [talosNote, "v1.13.9", null],
  [talosNote, "v1.16.0", "capstan was tried against Talos 1.13 and 1.14, and not against 1.16"],
])("%o says of %s: %s", (note, version, said) => {
  if (said === null) expect(note(version)).toBeNull();
  else expect(note(version)).toContain(said);
});
