import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";

describe("--approve-final as a word of the command line", () => {
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), "capstan-flag-"));
  });
  afterEach(async () => rm(cwd, { recursive: true }));

  it("is a value where another flag takes it for one, and no approval", async () => {
    const { stderr } = await runHere(["apply", "--expect", "--approve-final"], { cwd, env: {} });
    expect(flat(stderr)).toContain("--approve-final");
    expect(flat(stderr)).not.toContain("--approve-final=");
  });

  it("is a file behind the end of flags", async () => {
    const { exit, stderr } = await runHere(["apply", "--", "--approve-final"], { cwd, env: {} });
    expect([exit, flat(stderr)]).toEqual([1, expect.stringMatching(/--approve-final(?!=)/)]);
  });

  it("leaves the word behind it alone: that is the plan file", async () => {
    const { exit, stderr } = await runHere(["apply", "--approve-final", "missing.json"], { cwd, env: {} });
    expect([exit, flat(stderr)]).toEqual([1, expect.stringContaining("missing.json")]);
  });
});
