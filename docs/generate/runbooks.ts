import type { ChecklistStep, Help } from "../../src/checklist/step.ts";
import type { AuthorityType } from "../../src/profile/authority-type.ts";
import type { PlatformProfile } from "../../src/profile/profile.ts";
import { PROFILES } from "../../src/profiles.ts";
import type { Phase } from "../../src/rotation/phase.ts";

/** In the order in which a rotation gets there; `standby` is what follows its end. */
const ORDER: readonly Phase[] = ["init", "update_clients", "update_servers", "standby", "rollback"];

const TITLES: Readonly<Record<Phase, string>> = {
  init: "In `init`: the new key is trusted, and signs nothing",
  update_clients: "In `update_clients`: the new key signs",
  update_servers: "In `update_servers`: the last look before the old key goes",
  standby: "After the end: the old key is gone",
  rollback: "In `rollback`: before the way back ends",
};

const HOLDS: Readonly<Record<ChecklistStep["binding"], string>> = {
  always: "The step out of the phase waits for it.",
  "with-consumers": "The step out of the phase waits for it where a trust consumer is declared that it is about.",
  advice: "No step waits for it.",
};

/** One page for each CA type: name below `docs/`, and text. */
export function runbooks(): ReadonlyMap<string, string> {
  return new Map(
    Object.values<PlatformProfile>(PROFILES).flatMap((profile) =>
      profile.types.map((type) => [`runbooks/${type.name}.md`, runbook(profile, type)] as const),
    ),
  );
}

function runbook(profile: PlatformProfile, type: AuthorityType): string {
  const steps = profile.checklist.filter(({ authority }) => authority === type.name);
  const watched = type.reportedByComponents
    ? "Components report how far they have followed it, and capstan waits for each of them."
    : "Nobody reports how far it is followed: what trusts it is a trust consumer, or work by hand.";
  const sections = ORDER.flatMap((phase) => {
    const ofPhase = steps.filter((step) => step.phase === phase);
    if (ofPhase.length === 0) return [];
    return [`## ${TITLES[phase]}`, ...ofPhase.flatMap(workOf)];
  });
  return [
    `# ${type.name}`,
    `The ${type.name} CA of ${profile.title} signs ${type.signs}. ${watched}`,
    `Begin with \`capstan rotate start ${type.name}\`. [The day of a rotation](../day-of-a-rotation.md) has the walk; this page is the work by hand in each phase, as every plan lists it. What a step waits for is stated with \`capstan acknowledge\`, or seen by a probe.`,
    ...(sections.length === 0 ? ["There is no work by hand."] : sections),
  ].join("\n\n");
}

function workOf(step: ChecklistStep): readonly string[] {
  const releases = [
    ...(step.since === null ? [] : [`From release ${step.since.release} on.`]),
    ...(step.until === null ? [] : [`Until release ${step.until.release}.`]),
  ];
  const proven = step.provenBy === null ? [] : ["A probe of a trust consumer can prove it."];
  return [
    `### \`${step.id}\``,
    step.what,
    `*Why:* ${step.why}`,
    `*How you know:* ${step.verify}`,
    ...(step.helps.length === 0 ? [] : [step.helps.map(help).join("\n")]),
    [HOLDS[step.binding], ...proven, ...releases].join(" "),
  ];
}

function help(one: Help): string {
  return one.kind === "command"
    ? `* \`${one.line}\``
    : `* \`${one.path}\`, which \`capstan artifacts\` writes for each cluster and type`;
}
