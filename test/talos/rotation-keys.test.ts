import { describe, expect, it } from "vitest";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import { type ClusterRecord, emptyRecord, type RotationRecord } from "../../src/rotation/record.ts";
import { mintAuthority } from "../../src/sandbox/talos/certificates.ts";
import { type TalosKeys, withKeptKeys } from "../../src/talos/kept-keys.ts";
import type { ConfiguredAuthority } from "../../src/talos/machine-config.ts";
import { knownRotation } from "../../src/talos/rotation-keys.ts";
import { type CaCertificate, readCaCertificate } from "../../src/x509/ca-certificate.ts";
import { ago, CLUSTER, memory, rotation } from "../world/host-rotation.ts";

type Name = "old" | "next" | "later" | "alien";

const CA = Object.fromEntries(
  await Promise.all(
    (["old", "next", "later", "alien"] as const).map(
      async (name) => [name, readCaCertificate((await mintAuthority("talos", { now: 0 })).crt)] as const,
    ),
  ),
) as Readonly<Record<Name, CaCertificate>>;

const nameOf = (fingerprint: string | null | undefined) =>
  Object.entries(CA).find(([, ca]) => ca.fingerprint === fingerprint)?.[0] ?? null;

/** What each machine has configured: `old+next` signs with the old one, `-+next` with nothing that it shows. */
function machines(...texts: readonly string[]): readonly ConfiguredAuthority[] {
  const named = (name: string) => CA[name as Name];
  return texts.map((text) => {
    const [issuing = "-", ...accepted] = text.split("+");
    return {
      layout: "fields",
      issuing: issuing === "-" ? null : named(issuing),
      accepted: accepted.map(named),
    };
  });
}

/** `old>next`: the key to retire, and the CA to come where git names one. */
function declared(text: string, type = "talos"): RotationResource {
  const [retire = "old", next] = text.split(">") as Name[];
  return rotation("init", {
    name: text,
    authorities: [
      {
        type,
        retire: [CA[retire].fingerprint],
        ...(next === undefined ? {} : { next: { certificate: CA[next].pem, key: "sealed" } }),
      },
    ],
  });
}

function open(retire: Name, more: Partial<RotationRecord> = {}): RotationRecord {
  return memory("init", {
    authority: "talos",
    retire: [CA[retire].fingerprint],
    introduced: [CA.next.fingerprint],
    ...more,
  });
}

function kept(old: Name, next: Name, more: Partial<TalosKeys> = {}): TalosKeys {
  return {
    authority: "talos",
    old: CA[old].fingerprint,
    next: CA[next].fingerprint,
    old_certificate: CA[old].pem,
    next_certificate: CA[next].pem,
    old_key: "sealed",
    sealed_at: ago(1),
    reached: "init",
    ...more,
  };
}

function recordOf(rotations: readonly RotationRecord[], keys: readonly TalosKeys[] = []): ClusterRecord {
  return withKeptKeys({ ...emptyRecord(CLUSTER), rotations }, keys);
}

/** `old>next`, by whom it is known, and what is kept of it. */
function told(
  configured: readonly ConfiguredAuthority[],
  rotations: readonly RotationResource[],
  record: ClusterRecord = recordOf([]),
): string {
  const known = knownRotation("talos", configured, rotations, record);
  if (known === null) return "nothing";
  const { keys, next, declared: git, kept: own, goesBack } = known;
  const words = [
    `${nameOf(keys.old)}>${nameOf(keys.next)}`,
    ...(next === null ? ["without its certificate"] : []),
    ...(git === null ? [] : ["by git"]),
    ...(own === null ? [] : [`kept at ${own.reached}`]),
    ...(goesBack ? ["back"] : []),
  ];
  expect(next === null || next.fingerprint === keys.next).toBe(true);
  return words.join(", ");
}

const NOTHING = "nothing";
const SIGNS = "old>null, without its certificate";

describe("the rotation that machines are in, or could be", () => {
  it.each<readonly [string, readonly string[], readonly string[], string]>([
    ["nobody answers, and git declares nothing", [], [], NOTHING],
    ["nothing is declared: what signs is the old one", ["old", "old+alien"], [], SIGNS],
    ["and where a machine does not show what signs, what it accepts", ["-+old"], [], SIGNS],
    ["the one that could begin", ["old", "old"], ["old>next"], "old>next, by git"],
    ["the one that is under way", ["old+next", "old"], ["old>next"], "old>next, by git"],
    ["the one that is over", ["next", "next"], ["old>next"], "old>next, by git"],
    [
      "one whose keys nobody has is none of theirs",
      ["alien"],
      ["old>next"],
      "alien>null, without its certificate",
    ],
    ["nor is it where nobody answers", [], ["old>next"], NOTHING],
    ["one of another CA", ["old"], ["kubernetes:old>next"], SIGNS],
    ["one without a CA to come", ["old"], ["old"], "old>null, without its certificate, by git"],
    ["under way comes before what could begin", ["next+old"], ["next>later", "old>next"], "old>next, by git"],
    ["and before what is over", ["old+next"], ["alien>old", "old>next"], "old>next, by git"],
    [
      "what could begin comes before what is over",
      ["next"],
      ["old>next", "next>later"],
      "next>later, by git",
    ],
    [
      "a key that signs before one that is accepted",
      ["next+old"],
      ["old>alien", "next>later"],
      "next>later, by git",
    ],
    [
      "what is over comes before a key that is only accepted",
      ["next+alien"],
      ["alien>later", "old>next"],
      "old>next, by git",
    ],
    [
      "of a key that is accepted where nobody shows what signs",
      ["-+old+next"],
      ["next>later", "old>alien"],
      "next>later, by git",
    ],
  ])("%s", (_, configured, wanted, expected) => {
    const rotations = wanted.map((text) => {
      const [head = "", tail] = text.split(":");
      return tail === undefined ? declared(head) : declared(tail, head);
    });
    expect(told(machines(...configured), rotations)).toBe(expected);
  });

  it.each<readonly [string, readonly string[], readonly string[], readonly RotationRecord[], string]>([
    [
      "the record's counts, whatever else git declares",
      ["old+next"],
      ["next>later"],
      [open("old")],
      "old>next, without its certificate",
    ],
    ["also where nobody answers", [], ["old>next"], [open("old")], "old>next, by git"],
    [
      "and is told from another of the same CA",
      ["old+next"],
      ["next>later", "old>next"],
      [open("old")],
      "old>next, by git",
    ],
    [
      "on its way back",
      ["old+next"],
      ["old>next"],
      [open("old", { state: "rolling_back" })],
      "old>next, by git, back",
    ],
    [
      "on its way back, and not declared any more",
      ["old+next"],
      [],
      [open("old", { state: "rolling_back" })],
      "old>next, without its certificate, back",
    ],
    [
      "before its CA to come was seen",
      ["old"],
      [],
      [open("old", { introduced: [] })],
      "old>null, without its certificate",
    ],
    [
      "one that has ended says nothing",
      ["next"],
      [],
      [open("old", { state: "finished", ended_at: ago(1) })],
      "next>null, without its certificate",
    ],
    [
      "one of the other CA says nothing",
      ["next"],
      [],
      [open("old", { authority: "kubernetes" })],
      "next>null, without its certificate",
    ],
  ])("%s", (_, configured, wanted, rotations, expected) => {
    expect(
      told(
        machines(...configured),
        wanted.map((text) => declared(text)),
        recordOf(rotations),
      ),
    ).toBe(expected);
  });

  const UNDER_WAY = machines("old+next");
  it.each<readonly [string, readonly string[], readonly TalosKeys[], string]>([
    ["of the pair that git declares", ["old>next"], [kept("old", "next")], "old>next, by git, kept at init"],
    ["of another CA to come", ["old>next"], [kept("old", "alien")], "old>next, by git"],
    ["of another key to retire", ["old>next"], [kept("alien", "next")], "old>next, by git"],
    ["of the other CA", ["old>next"], [kept("old", "next", { authority: "kubernetes" })], "old>next, by git"],
    [
      "of several attempts the last",
      ["old>next"],
      [kept("old", "next", { reached: "standby" }), kept("old", "next"), kept("old", "alien")],
      "old>next, by git, kept at init",
    ],
    [
      "where git declares it no more, its certificate too",
      [],
      [kept("old", "next")],
      "old>next, kept at init",
    ],
    ["and not that of another key", [], [kept("alien", "later")], "old>next, without its certificate"],
    [
      "nor of the other CA",
      [],
      [kept("old", "later", { authority: "kubernetes" })],
      "old>next, without its certificate",
    ],
    [
      "the last of several",
      [],
      [kept("old", "alien"), kept("old", "next"), kept("later", "alien")],
      "old>next, kept at init",
    ],
  ])("what is kept %s", (_, wanted, keys, expected) => {
    const record = recordOf([open("old")], keys);
    expect(
      told(
        UNDER_WAY,
        wanted.map((text) => declared(text)),
        record,
      ),
    ).toBe(expected);
  });
});
