import { endsForward } from "./ca-keys.ts";
import type { KeyRole } from "./key-role.ts";
import type { OverrideFinding } from "./override-finding.ts";
import {
  type ImpossibleChange,
  KEY_UNKNOWN,
  ORPHAN_EDITED,
  ORPHAN_ENABLED,
  type Told,
} from "./refused-by-server.ts";

/** Why nothing is called for a key, although git asks for a change; `null` when nothing stands in the way. */
export function refusedChange(role: KeyRole): OverrideFinding | null {
  for (const { code, find } of REFUSALS) {
    const told = find(role);
    if (told !== null)
      return { severity: "error", code, where: role.after?.where ?? `key ${role.keyHash}`, ...told };
  }
  return null;
}

interface Refusal {
  readonly code: OverrideFinding["code"];
  readonly find: (role: KeyRole) => Told | null;
}

const forEntry = ({ code, find }: ImpossibleChange): Refusal => ({
  code,
  find: (role) => (role.after === undefined ? null : find({ ...role, entry: role.after, retired: [] })),
});

/** First one wins. */
const REFUSALS: readonly Refusal[] = [
  forEntry(KEY_UNKNOWN),
  forEntry(ORPHAN_ENABLED),
  forEntry(ORPHAN_EDITED),
  {
    code: "rollback-new-entry",
    find: ({ phase, generation, before, after }) =>
      phase === "rollback" &&
      generation === "next" &&
      after !== undefined &&
      (before === undefined || (after.state === "enabled" && before.state !== "enabled"))
        ? {
            message: "is for the key that this rollback drops",
            remedy: "remove the entry: after standby it would be an orphan",
          }
        : null,
  },
  {
    code: "disable-with-phase-step",
    find: ({ inForce, after, phase, goal, generation }) =>
      inForce &&
      after?.state !== "enabled" &&
      goal !== null &&
      goal !== phase &&
      !(after === undefined && generation === "old" && endsForward(phase, goal))
        ? {
            message: "would be taken out of force in the same run as a step of the rotation",
            remedy: "do one of them in a commit of its own, and see that everybody can still connect",
          }
        : null,
  },
];
