import type { NotesInput } from "../profile/profile.ts";
import { isTalosType } from "./authority-types.ts";
import { talosConnection } from "./resources/connection.ts";
import { untriedNote } from "./tried-releases.ts";

/** A release that nobody has tried, and which file on the machine that applies is written: reviewers see both. */
export function notesOn(about: NotesInput): readonly string[] {
  const untried = about.standing === "finished" ? null : untriedNote(about.observation.versions.server);
  return [...(untried === null ? [] : [untried]), ...writtenFiles(about)];
}

function writtenFiles({ live: { type }, cluster, standing }: NotesInput): readonly string[] {
  if (cluster.connection === null || standing === "finished" || !isTalosType(type)) return [];
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  const path = talosConnection(cluster).clients[field];
  if (path === null) return [];
  const below = /(?:^|\/)(\.capstan\/.*)$/.exec(path)?.[1] ?? path;
  return [`apply writes ${below} (spec.talos.clients.${field}) in every phase`];
}
