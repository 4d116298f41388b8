import type { NotesInput } from "../profile/profile.ts";
import { isTalosType } from "./authority-types.ts";

/** Reviewers see which file on the machine that applies is written. */
export function notesOn({ live: { type }, cluster: { talos }, standing }: NotesInput): readonly string[] {
  if (talos === null || standing === "finished" || !isTalosType(type)) return [];
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  const path = talos.clients[field];
  if (path === null) return [];
  const below = /(?:^|\/)(\.capstan\/.*)$/.exec(path)?.[1] ?? path;
  return [`apply writes ${below} (spec.talos.clients.${field}) in every phase`];
}
