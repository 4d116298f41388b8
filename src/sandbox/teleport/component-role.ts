/** What a Teleport process may be, as its listings call it (reference teleport-rotation 3.1). */
export const COMPONENT_ROLES = [
  "auth_server",
  "proxy",
  "node",
  "app_server",
  "db_server",
  "kube_server",
  "windows_desktop_service",
] as const;

export type ComponentRole = (typeof COMPONENT_ROLES)[number];
