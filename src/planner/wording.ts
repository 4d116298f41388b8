import type { EndOfRollback } from "../profile/key-rules.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import type { Wording } from "../profile/wording.ts";
import type { Policy } from "../resources/model/desired.ts";
import { formatDuration } from "../resources/model/duration.ts";
import { type Edge, isLegalEdge, type Phase } from "../rotation/phase.ts";
import type { Finality } from "./finality.ts";

/** Where the key sets are turned round in a rollback out of init (recordings/README), the way back is none. */
const INTO_ROLLBACK_TO_NEW: Wording = {
  why: "In this version a rollback out of init makes the new key sign, and from there the only way drops the old one.",
  disrupts: "components fetch certificates of the new key; who is not there when rollback is left is cut off",
  undo: "cannot be undone: staying in init until everybody is there is the safer way",
};

const OUT_OF_ROLLBACK_TO_NEW: Wording = {
  why: "The old key is dropped, not the new one, as here the new key signs in rollback. The rotation is finished by it.",
  disrupts: "every certificate of the old key stops working",
  undo: "cannot be undone; a way back is a new rotation",
};

const OUT_OF_ROLLBACK_UNCLEAR: Wording = {
  why: "A key is dropped, and the key sets do not tell whether it is the old or the new one.",
  disrupts: "every certificate of the key that goes stops working",
  undo: "cannot be undone; a way back is a new rotation",
};

/** What is refused by the phase order says nothing of what it would do: that is more than the text of its last phase. */
const NEVER_TAKEN: Wording = {
  why: "No step of a rotation leads there, so it is not taken.",
  disrupts: "nothing, as it is not taken",
  undo: "nothing to undo",
};

/** Why a step is there, what it disrupts, how it can be undone; in the words of the platform where it is as usual. */
export function wordingOf(
  edge: Edge,
  type: string,
  { words }: Pick<PlatformProfile, "words">,
  finality?: Finality,
): Wording {
  const usual = isLegalEdge(edge) ? words.ofEdge(edge, type) : NEVER_TAKEN;
  const wording = turnedRound(edge, finality) ?? usual;
  const who = finality?.who ?? [];
  if (who.length === 0) return wording;
  return {
    ...wording,
    disrupts: `${wording.disrupts}; it cuts off who still lives by the key that goes: ${who.join(", ")}`,
    undo: "cannot be undone for those: they have to join anew",
  };
}

/** Which key goes is read from the key sets; `null` where it is the one that the names of the phases say. */
function turnedRound({ from, to }: Edge, finality: Finality | undefined): Wording | null {
  if (finality === undefined || finality.end === null || finality.end === "new-key-goes") return null;
  if (to === "rollback") return finality.end === "old-key-goes" ? INTO_ROLLBACK_TO_NEW : null;
  if (from !== "rollback") return null;
  return finality.end === "old-key-goes" ? OUT_OF_ROLLBACK_TO_NEW : OUT_OF_ROLLBACK_UNCLEAR;
}

/** What a step says that looks and moves nothing. */
export function verifyWording(phase: Phase): Wording {
  return {
    why: `The authority has reached ${phase}; this looks whether everybody followed, and still holds it.`,
    disrupts: "nothing",
    undo: "nothing to undo: it only looks",
  };
}

/** A look that waits may end in the way back, and whoever lets it begin has to know. */
export function waitWording(
  phase: Phase,
  { onFailure, phaseTimeoutMs }: Policy,
  end: EndOfRollback,
): Wording {
  const looks = verifyWording(phase);
  const isMiddle = phase !== "standby" && phase !== "rollback";
  if (!isMiddle || onFailure === "halt") return looks;
  const within = formatDuration(phaseTimeoutMs);
  if (end !== "new-key-goes") {
    return {
      ...looks,
      disrupts: `nothing; if not all follow within ${within} of apply, it halts in ${phase}, as here the way back is the more dangerous one`,
    };
  }
  return {
    ...looks,
    disrupts: `nothing, if all follow within ${within} of apply; else the rotation is rolled back (on_failure: rollback)`,
  };
}
