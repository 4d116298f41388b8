import "../world/in-process.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

let repository: Repository;

beforeAll(async () => {
  repository = await Repository.withSandbox();
});
afterAll(async () => {
  await repository.remove();
});

describe("capstan status --format openmetrics", () => {
  it("tells what the text tells, and ends as ever", async () => {
    const { exit, stdout } = await repository.capstan("status", "--format", "openmetrics");
    expect(exit).toBe(0);
    expect(stdout).toContain('\ncapstan_cluster_up{cluster="acme.cluster",platform="teleport"} 1\n');
    expect(stdout).toContain('authority="host",phase="standby"} 1\n');
    expect(stdout).toMatch(/\n# EOF$/);
  });
});

describe("capstan forecast", () => {
  const forecast = async (...flags: readonly string[]) => await repository.capstan("forecast", ...flags);

  it("ends with 0 where nothing is due, and says what comes then", async () => {
    const { exit, stdout, stderr } = await forecast();
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^Nothing is due within 90 days, until \d+ \w+ \d{4}\.\n\nthen: [\d-]+ in 36\d\d days /,
    );
  });

  it("ends with 3 where something is due in the time asked about, in every format", async () => {
    const { exit, stdout } = await forecast("--within", "4000d");
    expect(exit).toBe(3);
    expect(stdout).toMatch(/^\d+ due within 4000 days/);
    expect(stdout).toContain("→ `capstan rotate start host`");
    const json = await forecast("--within", "4000d", "--format", "json");
    expect(json.exit).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ format_version: "1.0", outcome: "due", problems: [] });
    const markdown = await forecast("--within", "96000h", "--format", "markdown");
    expect([markdown.exit, markdown.stdout]).toEqual([3, expect.stringContaining("| `authority/host` |")]);
    const calendar = await forecast("--within", "4000d", "--format", "ical");
    expect([calendar.exit, calendar.stdout]).toEqual([3, expect.stringMatching(/^BEGIN:VCALENDAR\r\n/)]);
  });

  it("knows max_age", async () => {
    await repository.edit("*/authorities.yaml", (text) =>
      text.replaceAll("spec:\n", (spec, at) =>
        isHost(text.slice(0, at)) ? `${spec}  max_age: 240h\n` : spec,
      ),
    );
    await repository.commit("rotate it every ten days");
    const { exit, stdout } = await forecast();
    expect([exit, stdout]).toEqual([
      3,
      expect.stringMatching(/^1 due .*\n\n.*in \d days {2}acme.cluster authority\/host/),
    ]);
  });

  it("ends with 1 where the cluster cannot be read, or the time is none", async () => {
    const odd = await forecast("--within", "soon");
    expect([odd.exit, flat(odd.stderr)]).toEqual([1, expect.stringContaining("as 60s, 5m or 90d")]);
    await repository.edit("*/cluster.yaml", (text) => text.replace(/tctl: .*/, "tctl: [no-such-tctl]"));
    await repository.commit("a typing error");
    const { exit, stdout } = await forecast();
    expect([exit, stdout]).toEqual([1, ""]);
    const metrics = await repository.capstan("status", "--format", "openmetrics");
    expect([metrics.exit, metrics.stderr]).toEqual([
      1,
      expect.stringMatching(/^acme\.cluster: .*no-such-tctl/),
    ]);
    expect(metrics.stdout).toContain('\ncapstan_cluster_up{cluster="acme.cluster",platform="teleport"} 0\n');
  });
});

function isHost(before: string): boolean {
  return before.slice(before.lastIndexOf("kind: certificate_authority")).includes("sub_kind: host\n");
}
