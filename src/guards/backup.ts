import { isPointOfNoReturn } from "../rotation/phase.ts";
import { failWith, type Guard, unknown } from "./guard.ts";

/** After the old key is dropped, a backup is all that is left of what trusted it. */
export const backup: Guard = {
  id: "backup",
  refuses: "dropping the old key when the state of the CAs from before the rotation was not kept",
  waivable: true,
  // Of Talos the keys themselves are kept, and another guard of this name looks after them.
  appliesTo: ({ edge, observation }) => observation.platform === "teleport" && isPointOfNoReturn(edge),
  judge: ({ authority, record }) => {
    const subject = `authority/${authority.type}`;
    const remedy =
      "keep a copy of what the platform lists of its CAs, then waive `backup` for this subject; apply makes one before every rotation that it starts";
    if (record === undefined) {
      return unknown({
        subject,
        message: "nobody knows whether its state was kept: the record is lost",
        remedy,
      });
    }
    if (record.backup != null) return failWith([]);
    return failWith([{ subject, message: "its state from before the rotation was not kept", remedy }]);
  },
};
