import { describe, expect, it } from "vitest";
import { exitPages } from "../../src/cli/explain.ts";
import { GUARD_PAGES } from "../../src/explain/guards.ts";
import { nearestPage, pages, pagesAbout } from "../../src/explain/pages.ts";
import { guardsOf } from "../../src/guards/chain.ts";
import { PROFILES } from "../../src/profiles.ts";
import { PHASES } from "../../src/rotation/phase.ts";

const all = [...exitPages(), ...pages()];
const named = (word: string) => pagesAbout(word, all).map(({ topic, name }) => `${topic} ${name}`);

describe("there is a page", () => {
  it.each(Object.values(PROFILES).flatMap((profile) => guardsOf(profile).map(({ id }) => id)))(
    "of %s",
    (id) => {
      expect(GUARD_PAGES[id], `${id} has no words in src/explain/guards.ts`).toBeDefined();
      expect(pagesAbout(id, all).at(0)).toMatchObject({ topic: "guard", name: id });
    },
  );

  it.each(PHASES)("of the phase %s", (phase) => {
    expect(named(phase)).toContain(`phase ${phase}`);
  });

  it.each(["0", "1", "2", "3", "4", "5", "6", "130"])("of the exit code %s", (code) => {
    expect(named(code)).toEqual([`exit code ${code}`]);
  });

  it.each(["usage", "resources", "denied", "not-trusted-yet"])("of the error %s", (code) => {
    expect(named(code)).toContain(`code ${code}`);
  });

  it.each(Object.values(PROFILES).flatMap(({ checklist }) => checklist.map(({ id }) => id)))(
    "of %s",
    (id) => {
      expect(named(id)).toContain(`work by hand ${id}`);
    },
  );
});

it("no page is empty, and none says the same name twice within its topic", () => {
  for (const { topic, name, means } of all) expect(means, `${topic} ${name}`).toMatch(/\w{3}/);
  const keys = all.map(({ topic, name }) => `${topic} ${name}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

it.each([
  ["ca_rotation.spec.waive.expires", ["field ca_rotation.spec.waive.expires"]],
  ["policy.soak", ["field cluster.spec.policy.soak"]],
  ["soak", ["guard soak", "field cluster.spec.policy.soak"]],
  ["active_keys", ["field certificate_authority.spec.active_keys"]],
])("%s is about %j", (word, expected) => {
  expect(named(word)).toEqual(expected);
});

it.each([
  ["rooster", "roster"],
  ["active_key", "active_keys"],
  ["update_client", "update_clients"],
])("%s was meant to be %s", (word, meant) => {
  expect(nearestPage(word, all)).toBe(meant);
});
