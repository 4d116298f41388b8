import type { Phase } from "../rotation/phase.ts";
import type { Binding, ChecklistStep, Expectation, Help, Release } from "./step.ts";

/** What a consumer has to trust while both keys are in use. */
export const TRUSTS_BOTH: Expectation = { trusts: { old: "yes", new: "yes" } };
/** What it has to trust once the old key is gone. */
export const TRUSTS_NEW_ONLY: Expectation = { trusts: { old: "no", new: "yes" } };
/** What it has to trust once a rollback is over. */
export const TRUSTS_OLD_ONLY: Expectation = { trusts: { old: "yes", new: "no" } };

/** A step as the tables have it; what is left out is as `work` fills it in. */
export interface Entry {
  readonly what: string;
  readonly why: string;
  readonly verify: string;
  readonly helps?: readonly Help[];
  readonly since?: Release;
  readonly until?: Release;
  readonly provenBy?: Expectation;
  readonly onlyWith?: "trusted-clusters";
  readonly binding?: Binding;
  readonly ofUse?: true;
}

/** A file of `capstan artifacts` that helps, below `<cluster>/<type>/`. */
export function artifact(path: string): Help {
  return { kind: "artifact", path };
}

/** A command line that helps, as people type it. */
export function command(line: string): Help {
  return { kind: "command", line };
}

/** The steps of a type: phase, then the name of the step, which makes its id. */
export function work(
  authority: string,
  phases: Partial<Record<Phase, Readonly<Record<string, Entry>>>>,
): readonly ChecklistStep[] {
  return (Object.keys(phases) as Phase[]).flatMap((phase) =>
    Object.entries(phases[phase] ?? {}).map(([name, entry]) => ({
      id: `${authority}/${phase}/${name}`,
      authority,
      phase,
      what: entry.what,
      why: entry.why,
      verify: entry.verify,
      helps: entry.helps ?? [],
      since: entry.since ?? null,
      until: entry.until ?? null,
      provenBy: entry.provenBy ?? null,
      onlyWith: entry.onlyWith ?? null,
      binding: entry.binding ?? "always",
      ofUse: entry.ofUse === true,
    })),
  );
}

/** For the four types whose CAs a root pushes to its leafs (reference 5). */
export const PEER_HAS_COPY: Entry = {
  what: "For every trusted cluster that capstan cannot reach: have its administrator confirm that it stores this CA as it is now.",
  why: "A peer that missed a phase is cut off without a word once the old key is dropped; a connection shown as online proves nothing.",
  verify:
    "On the peer, the copy of this CA has the same phase, rotation id and fingerprints; allow 30 minutes.",
  helps: [command("tctl get cas --format=json"), artifact("manifest.json")],
  onlyWith: "trusted-clusters",
  // The guard of that name looks after it.
  binding: "advice",
};
