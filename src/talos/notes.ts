import type { NotesInput } from "../profile/profile.ts";
import { isTalosType } from "./authority-types.ts";
import { talosConnection } from "./resources/connection.ts";

/** Reviewers see which file on the machine that applies is written. */
export function notesOn({ live: { type }, cluster, standing }: NotesInput): readonly string[] {
  if (cluster.connection === null || standing === "finished" || !isTalosType(type)) return [];
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  const path = talosConnection(cluster).clients[field];
  if (path === null) return [];
  const below = /(?:^|\/)(\.capstan\/.*)$/.exec(path)?.[1] ?? path;
  return [`apply writes ${below} (spec.talos.clients.${field}) in every phase`];
}
