import { describe, expect, it } from "vitest";
import { usualKeysAfter } from "../../src/profile/key-rules.ts";
import { NEVER_ROTATED } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { droppedBy, endOfRollback, rollbackSwapsKeys } from "../../src/rotation/way-back.ts";
import { KEY_RULES } from "../../src/teleport/key-rules.ts";
import { authority, key, NEW, OLD, OTHER, observation } from "../world/host-rotation.ts";

const HSM = { storage: "PKCS#11 HSM" };
const released = (server: string | null) => ({ versions: { client: "18.7.0", server } });

describe("what an edge leaves of the keys", () => {
  it.each([
    ["standby", "init", "old-signs-new-trusted"],
    ["init", "update_clients", "new-signs-old-trusted"],
    ["update_clients", "update_servers", "new-signs-old-trusted"],
    ["update_servers", "standby", "old-gone"],
    ["update_clients", "rollback", "old-signs-new-trusted"],
    ["rollback", "standby", "old-alone"],
  ] as const)("%s → %s: %s", (from, to, after) => {
    expect(usualKeysAfter({ from, to })).toBe(after);
  });

  it("only what leads to standby drops a key, and drops what does not sign", () => {
    const live = authority("update_servers");
    expect(droppedBy({ from: "update_servers", to: "standby" }, live)).toEqual([OLD]);
    expect(droppedBy({ from: "init", to: "rollback" }, authority("init"))).toEqual([]);
  });
});

describe("how a rollback out of a phase of Teleport ends", () => {
  it.each([
    ["init", "5.0.0", "old-key-goes"],
    ["init", "v6.2.1", "old-key-goes"],
    ["init", "7.0.0", "new-key-goes"],
    ["init", "v7.0.0-dev", "new-key-goes"],
    ["init", "18.7.0", "new-key-goes"],
    ["init", null, "unclear"],
    ["init", "master", "unclear"],
    ["init", "release-5.0", "unclear"],
    ["update_clients", "5.0.0", "new-key-goes"],
    ["update_servers", null, "new-key-goes"],
    ["standby", "5.0.0", "new-key-goes"],
  ] as const)("%s, %s: %s", (phase, server, end) => {
    expect(KEY_RULES.endOfRollback(authority(phase), { client: "18.7.0", server })).toBe(end);
  });

  it("a standby that is left already is as init", () => {
    const leaving = authority("standby", { rotation: { ...NEVER_ROTATED, state: "in_progress" } });
    expect(KEY_RULES.endOfRollback(leaving, { client: "18.7.0", server: "5.0.0" })).toBe("old-key-goes");
  });
});

describe("keys that are added in init", () => {
  it.each([
    ["software alone", [{}], [{}], false],
    ["an HSM signs", [HSM], [{}], true],
    ["an HSM is to sign", [{}], [HSM], true],
    ["one of many is in an HSM", [{}, HSM], [{}], true],
    ["the key service of a cloud", [{ storage: "GCP KMS" }], [{ storage: "GCP KMS" }], false],
  ] as const)("%s", (_, active, trusted, grows) => {
    const live = { active: active.map((one) => key(OLD, one)), trusted: trusted.map((one) => key(NEW, one)) };
    expect(KEY_RULES.growsInInit(live)).toBe(grows);
  });
});

describe("how a rollback ends, told by the key sets", () => {
  const signing = (active: readonly string[], trusted: readonly string[]) =>
    authority("rollback", {
      active: active.map((one) => key(one as typeof OLD)),
      trusted: trusted.map((one) => key(one as typeof OLD)),
    });

  it.each([
    ["the old one signs, and only the new one goes", [OLD], signing([OLD], [NEW]), "new-key-goes"],
    ["the new one signs", [OLD], signing([NEW], [OLD]), "old-key-goes"],
    ["nobody says which one is old", [], signing([OLD], [NEW]), "unclear"],
    ["of two old ones, one signs and one goes", [OLD, OTHER], signing([OLD], [OTHER]), "unclear"],
    ["of two old ones, one signs and one is nowhere", [OLD, OTHER], signing([OLD], [NEW]), "unclear"],
    [
      "of two old ones, both sign, and one would go too",
      [OLD, OTHER],
      signing([OLD, OTHER], [OTHER, NEW]),
      "unclear",
    ],
    ["of two old ones, both sign", [OLD, OTHER], signing([OLD, OTHER], [NEW]), "new-key-goes"],
    ["both old ones go", [OLD, OTHER], signing([NEW], [OLD, OTHER]), "old-key-goes"],
    ["the old one is nowhere", [OTHER], signing([OLD], [NEW]), "unclear"],
  ] as const)("%s", (_, retire, live, end) => {
    expect(endOfRollback(retire, live, observation("rollback"))).toBe(end);
  });

  it("before rollback the platform tells, whatever the sets are", () => {
    const old = observation("init", released("5.0.0"));
    expect(endOfRollback([OLD], authority("init"), old)).toBe("old-key-goes");
    expect(endOfRollback([OLD], authority("init"), observation("init"))).toBe("new-key-goes");
  });

  it.each([
    ["init", "rollback", "5.0.0", true],
    ["init", "rollback", null, true],
    ["init", "rollback", "18.7.0", false],
    ["init", "update_clients", "5.0.0", false],
    ["update_clients", "rollback", "5.0.0", false],
    ["rollback", "rollback", "5.0.0", false],
    ["rollback", "standby", "5.0.0", false],
  ] satisfies readonly [Phase, Phase, string | null, boolean][])(
    "%s → %s on %s swaps the keys: %s",
    (from, to, server, swaps) => {
      expect(rollbackSwapsKeys({ from, to }, authority(from), observation(from, released(server)))).toBe(
        swaps,
      );
    },
  );
});
