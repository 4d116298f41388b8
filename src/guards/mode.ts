import type { Guard } from "../profile/profile.ts";
import { isForward } from "../rotation/phase.ts";
import { writtenDate } from "../written-date.ts";
import { failWith, unknown } from "./judgement.ts";

/**
 * Automatic mode advances by the clock and looks at no component (reference teleport-rotation 1.7).
 * A rollback is always open: it turns the mode to manual.
 */
export const mode: Guard = {
  id: "mode",
  about: "move",
  refuses: "a rotation that the platform advances by its own clock although nobody asked for that",
  waivable: false,
  subjects: ["authority"],
  appliesTo: ({ edge, authority }) => isForward(edge) && authority.rotation.state === "in_progress",
  judge: ({ authority, rotation, observation: { profile } }) => {
    const { mode, phase, schedule } = authority.rotation;
    if (mode === null) {
      return unknown({
        subject: `authority/${authority.type}`,
        message: "does not say whether a clock moves the rotation under way",
        remedy: "look at it with `capstan status`; a rollback is open, and makes it manual",
      });
    }
    if (mode !== "auto" || rotation?.mode === "auto") return failWith([]);
    const next = schedule === null ? "" : ` and drops the old key on ${writtenDate(schedule.standby)}`;
    return failWith([
      {
        subject: `authority/${authority.type}`,
        message: `the rotation runs in automatic mode: ${profile.title} advances it by its clock, without looking at components${next}`,
        remedy: `take control with a manual step by hand (${profile.clock.takeOver(authority.type, phase)}), or set \`phase: rollback\``,
      },
    ]);
  },
};
