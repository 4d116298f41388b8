import type { ComponentKindRow, Presence } from "../profile/component-kind.ts";

/** The kinds of component of Teleport, in the order in which they are listed. */
export const TELEPORT_KINDS = [
  "auth_server",
  "proxy",
  "node",
  "app_server",
  "db_server",
  "kube_server",
  "windows_desktop_service",
] as const;

/** A kind of component that Teleport lists, by its name there. */
export type TeleportKind = (typeof TELEPORT_KINDS)[number];

/** What the listing of each kind is called where it could not be read (`Unread.what`). */
export const LISTINGS: Readonly<Record<TeleportKind, string>> = {
  auth_server: "auth_servers",
  proxy: "proxies",
  node: "nodes",
  app_server: "app_servers",
  db_server: "db_servers",
  kube_server: "kube_servers",
  windows_desktop_service: "windows_desktop_service",
};

/** All of them follow the host CA, and no other (reference teleport-rotation 3.1). */
export const COMPONENT_KINDS: readonly ComponentKindRow[] = TELEPORT_KINDS.map((kind) => ({
  kind,
  listing: LISTINGS[kind],
  follows: ["host"],
  ...(kind === "auth_server"
    ? {
        alwaysThere: {
          title: "auth server",
          remedy:
            "give capstan's role `list` and `read` on auth_server, proxy and node, with wildcard labels",
        },
      }
    : {}),
}));

/**
 * A presence row lives ten minutes after an announcement (`ServerAnnounceTTL`, reference teleport-rotation 3.3)
 * and is renewed at half of it, give or take a tenth. One that is older than that plus slack has stopped.
 */
export const PRESENCE: Presence = { lifeMs: 10 * 60_000, announcedWithinMs: 6 * 60_000 + 30_000 };
