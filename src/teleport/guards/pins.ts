import { failWith } from "../../guards/judgement.ts";
import type { ClusterObservation, Guard, GuardInput } from "../../profile/profile.ts";
import { livePins } from "../../rotation/live-pins.ts";
import { type Pins, pinProblems, UNREAD_REMEDY } from "../../rotation/pins.ts";

/** Who dials the Auth Service directly and lists one pin only cannot join while the other key is shown (4.7). */
export const pins: Guard = {
  id: "pins",
  about: "outside",
  refuses: "going on while a file of the repository lists one of the two CA pins and not the other",
  waivable: true,
  subjects: ["file"],
  appliesTo: ({ edge, authority, observation }) =>
    authority.type === "host" &&
    edge.from !== edge.to &&
    edge.from !== "standby" &&
    edge.from !== "rollback" &&
    edge.to !== "rollback" &&
    filesOf(observation).length + unreadOf(observation).length > 0,
  judge: (input) => {
    const lacking = pinProblems(filesOf(input.observation), pinsOf(input), "during").map(
      ({ file, line, message, remedy }) => ({
        subject: `file/${file}`,
        message: `${message} (line ${line} lists the other)`,
        remedy,
      }),
    );
    const unread = unreadOf(input.observation).map(({ file, problem }) => ({
      subject: `file/${file}`,
      message: `${problem}: whether it lists a CA pin is unknown`,
      remedy: UNREAD_REMEDY,
    }));
    if (lacking.length > 0 || unread.length === 0) return failWith([...lacking, ...unread]);
    return { outcome: "unknown", findings: unread };
  },
};

function filesOf({ surroundings }: ClusterObservation) {
  return surroundings?.pins ?? [];
}

function unreadOf({ surroundings }: ClusterObservation) {
  return surroundings?.unreadPins ?? [];
}

function pinsOf({ authority, rotation, record }: GuardInput): Pins {
  const wanted = rotation?.authorities.find(({ type }) => type === authority.type);
  return livePins(authority, wanted?.retire ?? record?.retire ?? []);
}
