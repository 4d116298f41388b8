import { textOf } from "../../foreign-value.ts";
import { ComponentTable } from "../../rotation/component-table.ts";
import type { ComponentKind, Components, LiveComponent, LiveRotation } from "../../rotation/observation.ts";
import { isPhase, PHASES } from "../../rotation/phase.ts";
import { withoutSecrets } from "../../secrets.ts";
import { goTime } from "./go-time.ts";

/** All that is read of a row; the rest is skipped while it is still bytes. */
export const ROW_FIELDS = [
  "sub_kind",
  "metadata.name",
  "metadata.expires",
  "spec.host_id",
  "spec.hostname",
  "spec.version",
  "spec.rotation.phase",
  "spec.rotation.current_id",
  "spec.app.spec.integration",
] as const;

/** Rows of one listing, folded into processes. */
export interface ComponentRows {
  add(values: readonly unknown[]): void;
  /** `host`: the rotation of the host CA, which is the one that components follow (reference 3.1). */
  fold(host: LiveRotation): Components;
}

type RowStanding = Pick<LiveComponent, "phase" | "currentId" | "unclear">;

/** Kinds that list one row per resource served, several of one process (reference teleport-rotation 3.1). */
const GROUPED_BY_HOST: ReadonlySet<ComponentKind> = new Set(["app_server", "db_server", "kube_server"]);

/** A reader of one listing, and the components that it has read so far. */
export function collectRows(kind: ComponentKind): ComponentRows {
  return GROUPED_BY_HOST.has(kind) ? collectByHost(kind) : collectEach(kind);
}

/** Every row is a process of its own. Nothing is looked up: this is the listing with 100,000 rows. */
function collectEach(kind: ComponentKind): ComponentRows {
  const components = new ComponentTable();
  return {
    add(values) {
      components.add(readRow(kind, textOf(values[1]), values));
    },
    fold: () => components,
  };
}

function collectByHost(kind: ComponentKind): ComponentRows {
  const components = new Map<string, LiveComponent>();
  /** Where the rows of one process disagree; hardly ever anything, and only for a moment. */
  const standings = new Map<string, RowStanding[]>();
  return {
    add(values) {
      const row = readRow(kind, textOf(values[3]) || textOf(values[1]), values);
      // The application of an integration is no process, and bears the id of one of another kind.
      const id = row.phase === null ? `${row.id}/${textOf(values[1])}` : row.id;
      const known = components.get(id);
      if (known === undefined) {
        components.set(id, { ...row, id });
        return;
      }
      const seen = standings.get(id) ?? [standingIn(known)];
      if (!seen.some((standing) => isSame(standing, row))) standings.set(id, [...seen, standingIn(row)]);
      // The newest announcement of any row says that the process is alive.
      if ((row.expires ?? "") > (known.expires ?? "")) components.set(id, { ...known, expires: row.expires });
    },
    fold(host) {
      return [...components.values()].map((component) => {
        const seen = standings.get(component.id);
        if (seen === undefined) return component;
        const { unclear: _, ...known } = component;
        return { ...known, ...leastAdvanced(informed(seen), host) };
      });
    },
  };
}

/**
 * Teleport 11 lists each Kubernetes cluster of an agent twice, and one of the rows never has a phase; and for a minute the
 * old generation of an agent announces an empty one (recordings/teleport-11.1). What says nothing does not count where
 * another row of the same process says something.
 */
function informed(seen: readonly RowStanding[]): readonly RowStanding[] {
  const telling = seen.filter(({ unclear }) => unclear !== "");
  return telling.length > 0 ? telling : seen;
}

/** In the order of `ROW_FIELDS`. */
function readRow(kind: ComponentKind, id: string, values: readonly unknown[]): LiveComponent {
  return {
    kind,
    id,
    // A name is kept in the record: one that is a secret by its form must not be.
    name: withoutSecrets(textOf(values[4])) || id,
    ...readStanding(kind, values),
    version: textOf(values[5]) || null,
    expires: goTime(values[2]),
  };
}

function readStanding(kind: ComponentKind, values: readonly unknown[]): RowStanding {
  const [phase, currentId] = [textOf(values[6]), textOf(values[7])];
  if (isPhase(phase)) return { phase, currentId: currentId || null };
  if (isNobodys(kind, values) && phase === "") return SILENT;
  // Never rotated: the row has no phase, which means standby (4.4). In a cluster that has rotated it means nothing.
  return { phase: "standby", currentId: currentId || null, unclear: phase };
}

/**
 * A row that no agent announces, or one of an agent that never reports: agentless OpenSSH servers and desktop services
 * (3.1), and the application of an integration, which a proxy serves under its own id (teleport RFD 105). What an agent
 * announces expires.
 */
function isNobodys(kind: ComponentKind, values: readonly unknown[]): boolean {
  if (textOf(values[0]).startsWith("openssh") || kind === "windows_desktop_service") return true;
  return textOf(values[8]) !== "" || (GROUPED_BY_HOST.has(kind) && goTime(values[2]) === null);
}

const SILENT: RowStanding = { phase: null, currentId: null };

function standingIn({ phase, currentId, unclear }: LiveComponent): RowStanding {
  return { phase, currentId, ...(unclear === undefined ? {} : { unclear }) };
}

function isSame(a: RowStanding, b: RowStanding): boolean {
  return a.phase === b.phase && a.currentId === b.currentId && a.unclear === b.unclear;
}

/**
 * A process is where its least advanced row is: the one that is not where the host CA is. Phases alone cannot
 * tell, as standby is both the first and the last of them.
 */
function leastAdvanced(seen: readonly RowStanding[], host: LiveRotation): RowStanding {
  const behind = seen.filter(
    ({ phase, currentId, unclear }) =>
      unclear !== undefined || phase !== host.phase || currentId !== host.currentId,
  );
  const [least] = [...behind].sort((a, b) => rank(a) - rank(b));
  return least ?? (seen[0] as RowStanding);
}

function rank({ phase }: RowStanding): number {
  return phase === null ? -1 : PHASES.indexOf(phase);
}
