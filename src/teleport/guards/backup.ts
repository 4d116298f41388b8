import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isPointOfNoReturn } from "../../rotation/phase.ts";

/** After the old key is dropped, a backup is all that is left of what trusted it. */
export const backup: Guard = {
  id: "backup",
  about: "means",
  refuses: "dropping the old key when the state of the CAs was not kept as the cluster resource says",
  waivable: true,
  subjects: ["authority"],
  // Of Talos the keys themselves are kept, and another guard of this name looks after them.
  appliesTo: ({ edge }) => isPointOfNoReturn(edge),
  judge: ({ authority, cluster, record }) => {
    const subject = `authority/${authority.type}`;
    const remedy =
      "keep a copy of what the platform lists of its CAs. Apply makes one before every rotation that it starts";
    if (record === undefined) {
      return unknown({
        subject,
        message: "nobody knows whether its state was kept: the record is lost",
        remedy,
      });
    }
    if (record.backup == null)
      return failWith([{ subject, message: "its state from before the rotation was not kept", remedy }]);
    if (cluster.backup === undefined || record.backup.full !== undefined) return failWith([]);
    return failWith([
      {
        subject,
        message: `only its public state was kept (${record.backup.where}): the full one, with the private keys, is missing`,
        remedy:
          "see whether it may do that apply keeps the full state before this step, with both keys in it: `spec.backup` came after the last step",
      },
    ]);
  },
};
