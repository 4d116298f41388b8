import { describe, expect, it } from "vitest";
import { keysAfter, keysByRole } from "../../src/rotation/key-sets.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { authority, key, NEW, OLD, OTHER } from "../world/host-rotation.ts";

function live(phase: Phase, active: readonly Fingerprint[], trusted: readonly Fingerprint[]) {
  return authority(phase, {
    active: active.map((one) => key(one)),
    trusted: trusted.map((one) => key(one)),
  });
}

describe("the keys of a CA by what the rotation does to them", () => {
  it.each<
    readonly [
      string,
      Phase,
      readonly Fingerprint[],
      readonly Fingerprint[],
      readonly Fingerprint[],
      string,
      string,
    ]
  >([
    // what, phase, active, trusted, retired, old, new
    ["before init", "standby", [OLD], [], [OLD], "0a", ""],
    ["before init, where nobody says what is retired", "standby", [OLD], [], [], "0a", ""],
    ["after the last step", "standby", [NEW], [], [OLD], "", "1b"],
    ["init", "init", [OLD], [NEW], [OLD], "0a", "1b"],
    ["init, by its phase alone", "init", [OLD], [NEW], [], "0a", "1b"],
    ["update_clients", "update_clients", [NEW], [OLD], [OLD], "0a", "1b"],
    ["update_clients, by its phase alone", "update_clients", [NEW], [OLD], [], "0a", "1b"],
    ["update_servers, by its phase alone", "update_servers", [NEW], [OLD], [], "0a", "1b"],
    ["rollback", "rollback", [OLD], [NEW], [OLD], "0a", "1b"],
    ["rollback, by its phase alone", "rollback", [OLD], [NEW], [], "0a", "1b"],
    ["a rollback of Teleport 5 that keeps the new key", "rollback", [NEW], [OLD], [OLD], "0a", "1b"],
    [
      "one of several old keys signs still",
      "update_clients",
      [OTHER, NEW],
      [OLD],
      [OLD, OTHER],
      "2c,1b",
      "0a",
    ],
  ])("%s", (_, phase, active, trusted, retired, old, fresh) => {
    const roles = keysByRole(live(phase, active, trusted), retired);
    const short = (keys: readonly { readonly fingerprint: string }[]) =>
      keys.map(({ fingerprint }) => fingerprint.slice(7, 9)).join(",");
    expect([short(roles.old), short(roles.new)]).toEqual([old, fresh]);
  });
});

describe("whether a transition did to the keys what it should have done", () => {
  const EDGES = {
    init: { from: "standby", to: "init" },
    clients: { from: "init", to: "update_clients" },
    servers: { from: "update_clients", to: "update_servers" },
    last: { from: "update_servers", to: "standby" },
    back: { from: "update_clients", to: "rollback" },
    out: { from: "rollback", to: "standby" },
  } as const;

  it.each<
    readonly [
      string,
      keyof typeof EDGES,
      readonly Fingerprint[],
      readonly Fingerprint[],
      readonly Fingerprint[],
      boolean,
    ]
  >([
    // what, edge, active, trusted, retired, well
    ["init", "init", [OLD], [NEW], [OLD], true],
    ["an init without a new key", "init", [OLD], [], [OLD], false],
    ["an init that trusts the old key twice", "init", [OLD], [OLD], [OLD], false],
    ["an init after which another key signs", "init", [OTHER], [NEW], [OLD], false],
    ["an init after which another key signs, too", "init", [OLD, OTHER], [NEW], [OLD], false],
    ["an init of one of two old keys", "init", [OLD], [NEW], [OLD, OTHER], false],
    ["an init of two old keys", "init", [OLD, OTHER], [NEW], [OTHER, OLD], true],
    ["the new key signs", "clients", [NEW], [OLD], [OLD], true],
    ["nothing signs", "clients", [], [OLD], [OLD], false],
    ["the old key signs still", "clients", [OLD], [NEW], [OLD], false],
    ["one of the old keys signs still", "clients", [NEW, OTHER], [OLD], [OLD, OTHER], false],
    ["the old key is trusted no more", "clients", [NEW], [], [OLD], false],
    ["one of the old keys is trusted no more", "clients", [NEW], [OLD], [OLD, OTHER], false],
    ["both are as they were", "servers", [NEW], [OLD], [OLD], true],
    ["the old key went too early", "servers", [NEW], [], [OLD], false],
    ["the old key is gone", "last", [NEW], [], [OLD], true],
    ["the old key is trusted still", "last", [NEW], [OLD], [OLD], false],
    ["the old key signs again", "last", [OLD], [], [OLD], false],
    ["one of the old keys is there still", "last", [NEW], [OTHER], [OLD, OTHER], false],
    ["the old key signs again, and the new one is trusted", "back", [OLD], [NEW], [OLD], true],
    ["the new key signs in rollback", "back", [NEW], [OLD], [OLD], false],
    ["the old key alone", "out", [OLD], [], [OLD], true],
    ["the new key is trusted still", "out", [OLD], [NEW], [OLD], false],
    ["the new key stayed", "out", [NEW], [], [OLD], false],
  ])("%s (%s)", (_, edge, active, trusted, retired, well) => {
    const found = keysAfter(EDGES[edge], retired, live(EDGES[edge].to, active, trusted), TELEPORT);
    expect(found.length === 0).toBe(well);
  });

  const said = (edge: keyof typeof EDGES, active: readonly Fingerprint[], trusted: readonly Fingerprint[]) =>
    keysAfter(EDGES[edge], [OLD], live(EDGES[edge].to, active, trusted), TELEPORT)[0];

  it("says what was expected, and what is there", () => {
    expect(said("init", [OLD], [])).toEqual({
      subject: "authority/host",
      message: `after standby → init the old key signs and a new one is trusted is expected; active ${OLD}, trusted none`,
      remedy: "compare with `capstan status`; do not go on before the difference is explained",
    });
    expect(said("last", [OTHER, NEW], [OLD])?.message).toContain(`active ${NEW}, ${OTHER}, trusted ${OLD}`);
  });

  it.each([
    ["a rollback that keeps the new key says so", "back", [NEW], true],
    ["and one that ends with it", "out", [NEW], true],
    ["not where the old one signs, and something else is wrong", "out", [OLD], false],
    ["not on the way forward", "last", [OLD], false],
  ] as const)("%s", (_, edge, active, kept) => {
    const finding = said(edge, active, [OLD]);
    expect(finding?.message.startsWith("the platform kept the new key")).toBe(kept);
    expect(finding?.remedy === TELEPORT.words.keptNewKey).toBe(kept);
  });
});
