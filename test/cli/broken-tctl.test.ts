import "../world/in-process.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** What the executable can do to us: one clear message each, exit 1, nothing changed. */
describe("a tctl that fails", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
  });
  afterEach(async () => repository.remove());

  async function nothingChanged(): Promise<void> {
    await repository.must("sandbox", "fault", "tctl", "clear");
    const host = (await repository.status()).clusters[0]?.authorities.find(({ type }) => type === "host");
    expect(host?.phase).toBe("standby");
  }

  it.each([
    ["denied", "access denied"],
    ["expired-credentials", "expired"],
    ["unreachable", "connect"],
    ["truncated", "middle"],
  ])("%s: plan and apply say so once and change nothing", async (fault, words) => {
    await repository.must("sandbox", "fault", "tctl", fault, "--times", "1000");
    for (const command of [["plan"], ["apply", "--auto-approve"]]) {
      const ran = await repository.capstan(...command);
      expect(ran.exit).toBe(1);
      expect(ran.stderr.toLowerCase()).toContain(words);
      expect(ran.stderr.match(/^capstan: /gm)).toHaveLength(1);
      expect(flat(ran.stderr)).not.toContain("bug of capstan");
    }
    await nothingChanged();
  });

  it("denied only for rotating: apply says so and nothing has moved", async () => {
    await repository.must("sandbox", "fault", "tctl", "denied", "--match", "rotate");
    const ran = await repository.capstan("apply", "--auto-approve");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("access denied");
    await nothingChanged();
  });

  it("failing after success: the state decides", async () => {
    await repository.must(
      "sandbox",
      "fault",
      "tctl",
      "error-after-success",
      "--match",
      "rotate",
      "--times",
      "1",
    );
    expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(0);
  });

  it("an alert on stderr after success is no failure", async () => {
    await repository.must("sandbox", "fault", "tctl", "alert");
    expect((await repository.capstan("plan")).exit).toBe(2);
  });

  it("missing: says which executable, and where it is named", async () => {
    const file = "clusters/acme.cluster/cluster.yaml";
    const text = await repository.git("show", `HEAD:${file}`);
    await writeFile(join(repository.folder, file), text.replace(/tctl: \[.*?\]/, "tctl: [no-such-tctl]"));
    await repository.commit("another tctl");
    const ran = await repository.capstan("plan");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("no-such-tctl");
  });
});
