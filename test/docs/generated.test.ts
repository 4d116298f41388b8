import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedPages } from "../../docs/generate/pages.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs");
const pages = [...generatedPages()];

describe("pages that are made from tables of the code are current (npm run docs:generate)", () => {
  it.each(pages)("%s", (name, text) => {
    expect(readFileSync(join(DOCS, name), "utf8")).toBe(text);
  });

  it.each(["runbooks", "reference"])("%s has no page of something that is gone", (folder) => {
    const made = pages.map(([name]) => name).filter((name) => name.startsWith(`${folder}/`));
    expect(
      readdirSync(join(DOCS, folder))
        .map((name) => `${folder}/${name}`)
        .toSorted(),
    ).toEqual(made.toSorted());
  });
});
