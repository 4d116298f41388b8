import { keysByRole } from "../rotation/key-sets.ts";
import { identify, type LiveAuthority } from "../rotation/observation.ts";
import { type Pins, pinProblems } from "../rotation/pins.ts";
import { failWith, type Guard, type GuardInput } from "./guard.ts";

/** Who dials the Auth Service directly and lists one pin only cannot join while the other key is shown (4.7). */
export const pins: Guard = {
  id: "pins",
  refuses: "going on while a file of the repository lists one of the two CA pins and not the other",
  waivable: true,
  appliesTo: ({ edge, authority, observation }) =>
    authority.type === "host" &&
    edge.from !== edge.to &&
    edge.from !== "standby" &&
    edge.from !== "rollback" &&
    edge.to !== "rollback" &&
    (observation.surroundings?.pins.length ?? 0) > 0,
  judge: (input) =>
    failWith(
      pinProblems(input.observation.surroundings?.pins ?? [], pinsOf(input), "during").map(
        ({ file, line, message, remedy }) => ({
          subject: `file/${file}`,
          message: `${message} (line ${line} lists the other)`,
          remedy,
        }),
      ),
    ),
};

function pinsOf({ authority, rotation, record }: GuardInput): Pins {
  const wanted = rotation?.authorities.find(({ type }) => type === authority.type);
  return livePins(authority, wanted?.retire ?? record?.retire ?? []);
}

/** The pins of a host CA as it is now. */
export function livePins(authority: LiveAuthority, retire: Parameters<typeof keysByRole>[1]): Pins {
  const roles = keysByRole(authority, retire);
  return { old: identify(roles.old), new: identify(roles.new) };
}
