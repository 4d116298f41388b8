import { type Complaint, complain } from "./source-file.ts";

/** What is wrong with a symbolic link, the same in a folder and in a commit. */
export const LEAVES: Complaint = complain(
  "a symbolic link that leaves the folder",
  "put the files themselves into the folder: what is outside has no review",
);

/** It is a link to a link, and never ends. */
export const LOOPS: Complaint = complain("a symbolic link that leads back to itself", "remove the link");

/** A walk into it would come back to it. */
export const CONTAINS: Complaint = complain(
  "a symbolic link to a folder that contains it: a loop",
  "remove the link",
);

/** `why`: a clause. */
export function cannotBeFollowed(why: string): Complaint {
  return complain(`a symbolic link that cannot be followed (${why})`, "repair or remove the link");
}
