import { randomUUID } from "node:crypto";
import type { ToolResult } from "../emulated-platform.ts";
import { pinsOf } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import { failedCall } from "./failed-call.ts";

/**
 * `desktop-session NAME`: a person who opens a Windows desktop. In life that is the web UI or Teleport Connect, and no
 * command does it; what goes into the audit log is the same.
 */
export function desktopSession(cluster: TeleportCluster, argv: readonly string[]): ToolResult {
  const [name, ...more] = argv;
  const { clock, dialect, name: here } = cluster.options;
  if (name === undefined || more.length > 0) return failedCall(dialect, "usage: desktop-session NAME");
  const [signer] = pinsOf(cluster.authorities.current("windows")?.active ?? []);
  if (signer === undefined) return failedCall(dialect, "this release has no windows CA");
  const hash = signer.slice("sha256:".length);
  // Who overrides a CA has its external root in NTAuth before: an entry in force is always trusted there.
  const isOverridden = cluster.overrides.inForce("windows", hash) !== null;
  const opens = isOverridden || cluster.inPlace.trustsSigner("windows");
  cluster.audit({
    ei: 0,
    event: "windows.desktop.session.start",
    code: opens ? "TDP00I" : "TDP00W",
    time: new Date(clock.now()).toISOString(),
    cluster_name: here,
    sid: randomUUID(),
    desktop_name: name,
    windows_user: "probe",
    success: opens,
    ...(isOverridden ? { ca_override: { active: true, public_key_hash: hash } } : {}),
  });
  if (opens) return { exit: 0, stdout: "", stderr: "" };
  return failedCall(
    dialect,
    `${name}: the client certificate is not trusted: a certification authority is missing in NTAuth`,
  );
}
