import { describe, expect, it } from "vitest";
import { checklistFor, workOfType } from "../../src/checklist/checklist.ts";
import type { ChecklistStep } from "../../src/checklist/step.ts";
import { isProvenBy } from "../../src/checklist/step.ts";
import { PHASES } from "../../src/rotation/phase.ts";
import { TALOS } from "../../src/talos/profile.ts";
import { AUTHORITY_TYPES } from "../../src/teleport/authority-types.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";

const WALK = ["init", "update_clients", "update_servers", "rollback", "standby"] as const;

const STEPS = [...TELEPORT.checklist, ...TALOS.checklist];

function table(steps: readonly ChecklistStep[]): string {
  if (steps.length === 0) return "Nothing to do.\n";
  return steps
    .map((step) =>
      [
        `### ${step.id}`,
        "",
        `* what: ${step.what}`,
        `* why: ${step.why}`,
        `* verify: ${step.verify}`,
        ...step.helps.map((help) => `* ${help.kind}: ${help.kind === "artifact" ? help.path : help.line}`),
        ...(step.provenBy === null ? [] : [`* proven by: ${JSON.stringify(step.provenBy)}`]),
        ...(step.since === null ? [] : [`* since: ${JSON.stringify(step.since)}`]),
        ...(step.until === null ? [] : [`* until: ${JSON.stringify(step.until)}`]),
        ...(step.binding === "always" ? [] : [`* binding: ${step.binding}`]),
        ...(step.onlyWith === null ? [] : [`* only with: ${step.onlyWith}`]),
        "",
      ].join("\n"),
    )
    .join("\n");
}

describe("the table of work", () => {
  it.each(AUTHORITY_TYPES.map(({ name }) => name))("%s, phase by phase, of all versions", async (type) => {
    const text = WALK.map(
      (phase) => `## ${phase}\n\n${table(checklistFor(TELEPORT, type, phase, null))}`,
    ).join("\n");
    await expect(`# ${type}\n\n${text}`).toMatchFileSnapshot(`golden/${type}.md`);
  });

  it("shows what the version at hand needs", async () => {
    const versions = [
      "5.0.0",
      "11.3.2",
      "13.4.17",
      "14.3.6",
      "14.3.7",
      "15.0.0",
      "18.6.9",
      "18.7.0",
      "19.0.0",
    ];
    const text = versions.map((version) => {
      const ids = AUTHORITY_TYPES.flatMap(({ name }) =>
        WALK.flatMap((phase) => checklistFor(TELEPORT, name, phase, version).map(({ id }) => id)),
      );
      const split = ids.filter((id) => /^(db|db_client|windows)\/|windows/.test(id));
      return `## ${version}\n\n${split.map((id) => `* ${id}`).join("\n")}\n`;
    });
    await expect(`# Steps that moved between types\n\n${text.join("\n")}`).toMatchFileSnapshot(
      "golden/by-version.md",
    );
  });

  it("gives Windows work to the user CA before 18.7 and to the windows CA from then on", () => {
    const ids = (type: string, version: string) =>
      checklistFor(TELEPORT, type, "init", version).map(({ id }) => id);
    expect(ids("user", "18.6.9")).toContain("user/init/windows-trust-both");
    expect(ids("windows", "18.6.9")).toEqual([]);
    expect(ids("user", "18.7.0")).not.toContain("user/init/windows-trust-both");
    expect(ids("windows", "18.7.0")).toContain("windows/init/trust-both");
  });

  it("counts a pre-release as its release, and a patch release by its own line", () => {
    const ids = (version: string) => checklistFor(TELEPORT, "db", "init", version).map(({ id }) => id);
    expect(ids("v19.0.0-prealpha.1")).not.toContain("db/init/trust-both-clients");
    expect(ids("14.3.6")).toContain("db/init/trust-both-clients");
    expect(ids("14.3.7")).not.toContain("db/init/trust-both-clients");
    expect(ids("13.4.18")).not.toContain("db/init/trust-both-clients");
  });

  it.each([null, "", "unknown", "main"])("shows all steps when the version is %j", (version) => {
    expect(checklistFor(TELEPORT, "user", "init", version).map(({ id }) => id)).toContain(
      "user/init/windows-trust-both",
    );
    expect(checklistFor(TELEPORT, "windows", "init", version)).not.toEqual([]);
  });

  it("makes work of a type that it does not know", () => {
    expect(checklistFor(TELEPORT, "quantum", "init", "25.0.0").map(({ id }) => id)).toEqual([
      "quantum/init/find-consumers",
    ]);
    expect(workOfType(TELEPORT, "quantum").map(({ phase }) => phase)).toEqual([
      "init",
      "update_clients",
      "rollback",
      "standby",
    ]);
  });

  it("has well-formed, unique ids and whole sentences", () => {
    expect(new Set(STEPS.map(({ id }) => id)).size).toBe(STEPS.length);
    for (const step of STEPS) {
      expect(step.id).toMatch(/^[a-z_]+\/[a-z_]+\/[a-z]+(-[a-z]+)*$/);
      expect(step.id.startsWith(`${step.authority}/${step.phase}/`)).toBe(true);
      expect(PHASES).toContain(step.phase);
      for (const sentence of [step.what, step.why, step.verify]) expect(sentence).toMatch(/^\S.*[.)]$/);
    }
  });

  it("has work for every type, and an undo in rollback for whatever init adds", () => {
    for (const { name } of AUTHORITY_TYPES) {
      expect(workOfType(TELEPORT, name), name).not.toEqual([]);
      const adds = workOfType(TELEPORT, name).some(
        ({ phase, onlyWith }) => phase === "init" && onlyWith === null,
      );
      if (adds)
        expect(
          workOfType(TELEPORT, name).filter(({ phase }) => phase === "rollback"),
          name,
        ).not.toEqual([]);
    }
  });
});

describe("what a probe proves", () => {
  const seen = { uses: "new", trusts: { old: "yes", new: "yes" } } as const;

  it.each([
    [{ uses: "new" }, true],
    [{ uses: "old" }, false],
    [{ trusts: { old: "yes", new: "yes" } }, true],
    [{ trusts: { old: "no", new: "yes" } }, false],
    [{ uses: "new", trusts: { new: "yes" } }, true],
  ] as const)("%j is %s", (expectation, proven) => {
    expect(isProvenBy(expectation, seen)).toBe(proven);
  });

  it("nothing that could not be seen", () => {
    const blind = { uses: "unknown", trusts: { old: "unknown", new: "unknown" } } as const;
    for (const { provenBy } of STEPS) {
      if (provenBy !== null) expect(isProvenBy(provenBy, blind)).toBe(false);
    }
  });
});
