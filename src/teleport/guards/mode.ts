import { failWith, type Guard, isForward, unknown } from "../../guards/guard.ts";

/**
 * Automatic mode advances by the clock and looks at no component (reference teleport-rotation 1.7).
 * A rollback is always open: it turns the mode to manual.
 */
export const mode: Guard = {
  id: "mode",
  refuses: "a rotation that Teleport advances by its own clock although nobody asked for that",
  waivable: false,
  appliesTo: ({ edge, authority }) => isForward(edge) && authority.rotation.state === "in_progress",
  judge: ({ authority, rotation }) => {
    const { mode, phase, schedule } = authority.rotation;
    if (mode === null) {
      return unknown({
        subject: `authority/${authority.type}`,
        message: "does not say whether a clock moves the rotation under way",
        remedy: "look at it with `capstan status`; a rollback is open, and makes it manual",
      });
    }
    if (mode !== "auto" || rotation?.mode === "auto") return failWith([]);
    const next = schedule === null ? "" : ` and drops the old key at ${schedule.standby}`;
    return failWith([
      {
        subject: `authority/${authority.type}`,
        message: `the rotation runs in automatic mode: Teleport advances it by its clock, without looking at components${next}`,
        remedy: `take control with a manual step by hand (\`tctl auth rotate --manual --type=${authority.type} --phase=…\`, the phase after ${phase}), or set \`phase: rollback\``,
      },
    ]);
  },
};
