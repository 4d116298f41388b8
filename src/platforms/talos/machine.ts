import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import { objectOf } from "../../listings/json-stream.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import { withAuthority } from "../../talos/config-edit.ts";
import type { FoundMachine } from "../../talos/facts.ts";
import { type MachineConfig, readIssuingKey, readMachineConfig } from "../../talos/machine-config.ts";
import { says } from "../../talos/node-state.ts";
import { type MachineReply, readResources, type Session } from "./session.ts";

/** A machine's two configurations. Their texts hold keys: they go nowhere but back to the machine. */
export interface MachineTexts {
  readonly address: string;
  readonly active: string;
  /** On disk, in force after the next boot; the active one before Talos 1.10, which does not show it. */
  readonly persistent: string;
  /** The one that lasts, understood. */
  readonly config: MachineConfig;
  readonly pending: FoundMachine["pending"];
}

/** Gives the reason when a machine does not answer, or answers with what nobody can read. */
export async function readMachine(
  session: Session,
  address: string,
): Promise<MachineTexts | Failure | string> {
  let reply: MachineReply;
  try {
    reply = await session.ask(address, ["get", "machineconfig", "-o", "yaml"]);
  } catch (failure) {
    // It hangs: as good as off.
    if (failure instanceof Failure && failure.code === "executable") return failure;
    throw failure;
  }
  if (!reply.ok) return reply.error.failure;
  try {
    const resources = readResources(reply.stdout);
    const text = (id: string) => {
      const spec = resources.find((resource) => resource.id === id)?.spec;
      if (spec !== undefined && typeof spec !== "string") throw new Error("talosctl 1.8 or later is needed");
      return spec;
    };
    const active = text("v1alpha1");
    if (active === undefined) return "it shows no active configuration";
    const persistent = text("persistent") ?? active;
    return {
      address,
      active,
      persistent,
      config: readMachineConfig(persistent),
      pending: pendingIn(active, persistent),
    };
  } catch (error) {
    return `its configuration cannot be understood: ${error instanceof Error ? error.message : "unknown"}`;
  }
}

/**
 * A swap that is tried out (`--mode=try`) and was left alone reverts by itself; it is ours when the two differ by a
 * CA and nothing else. Anything else is somebody's staged change, which an apply would throw away (reference 2.6).
 */
function pendingIn(active: string, persistent: string): MachineTexts["pending"] {
  if (active === persistent) return "none";
  const tried = readMachineConfig(active);
  const lasting = readMachineConfig(persistent);
  for (const type of ["talos", "kubernetes"] as const) {
    const content = tried.authorities[type];
    if (says(lasting.authorities[type], content)) continue;
    try {
      if (withAuthority(persistent, type, { ...content, key: keyIn(active, type) }) === active) return "ours";
    } catch {
      return "other";
    }
  }
  return "other";
}

function keyIn(text: string, type: TalosType): string | null {
  return readIssuingKey(text, type);
}

/** Everything but the configuration: identity, version, clock. What cannot be had is `null`, and the guards' to judge. */
export async function lookAtMachine(
  session: Session,
  address: string,
): Promise<Pick<FoundMachine, "nodeId" | "version" | "clockAheadMs" | "timeSynced">> {
  const [nodeId, version, clockAheadMs, timeSynced] = await Promise.all([
    spec(session, address, ["get", "identity", "local"]).then((found) => nonEmpty(fieldOf(found, "nodeId"))),
    versionOf(session, address),
    clockOf(session, address),
    spec(session, address, ["get", "timestatus"]).then((found) => {
      const synced = fieldOf(found, "synced");
      return typeof synced === "boolean" ? synced || fieldOf(found, "syncDisabled") === true : null;
    }),
  ]);
  return { nodeId, version, clockAheadMs, timeSynced };
}

/** The spec of the first resource, `undefined` where there is none. */
export async function spec(session: Session, address: string, words: readonly string[]): Promise<unknown> {
  const reply = await session.ask(address, [...words, "-o", "yaml"]);
  if (!reply.ok) return undefined;
  try {
    return readResources(reply.stdout)[0]?.spec;
  } catch {
    return undefined;
  }
}

function nonEmpty(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** `--json` prints spaces where it likes (reference 3.6). */
async function versionOf(session: Session, address: string): Promise<string | null> {
  const reply = await session.ask(address, ["version", "--json"]);
  if (!reply.ok) return null;
  try {
    return nonEmpty(fieldOf(fieldOf(objectOf(reply.stdout), "version"), "tag"));
  } catch {
    return null;
  }
}

/**
 * Its own time. `talosctl time` shows it beside that of a time server, and fails where none can be reached; then the
 * kernel tells when it was started by the clock of now, and for how long it has been up.
 */
async function clockOf(session: Session, address: string): Promise<number | null> {
  const asked = session.now().getTime();
  const reply = await session.ask(address, ["time"]);
  const answered = session.now().getTime();
  // Half of the way there and back: what is left is below a second.
  if (reply.ok) return difference(goTime(reply.stdout), asked, answered);
  const [up, stat] = await Promise.all(
    ["/proc/uptime", "/proc/stat"].map((path) => session.ask(address, ["read", path])),
  );
  if (up?.ok !== true || stat?.ok !== true) return null;
  const uptime = /^\d+(?:\.\d+)?/.exec(up.stdout)?.[0];
  const started = /^btime (\d+)$/m.exec(stat.stdout)?.[1];
  if (uptime === undefined || started === undefined) return null;
  const time = (Number(started) + Number(uptime)) * 1000;
  return difference(time, answered, session.now().getTime());
}

/** The first time of the table: the third column, as Go prints it, with a fraction unless that is zero. */
function goTime(table: string): number {
  const [, date, clock] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d* \+0000 UTC/.exec(table) ?? [];
  return Date.parse(`${date}T${clock}Z`);
}

function difference(time: number, asked: number, answered: number): number | null {
  return Number.isNaN(time) ? null : Math.round(time - (asked + answered) / 2);
}

/** Whether a configuration is one that Omni manages. */
export function isOmni(text: string): boolean {
  return /^kind:\s*SideroLinkConfig\s*$/m.test(text);
}
