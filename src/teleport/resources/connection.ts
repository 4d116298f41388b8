import { Failure } from "../../failure.ts";
import type { ConnectionRules } from "../../profile/resource-rules.ts";
import { commandAt } from "../../resources/model/command-at.ts";
import type { ClusterResource, Connection } from "../../resources/model/desired.ts";
import { type ConnectionWay, dialled } from "../../resources/model/way-out.ts";

/** How `tctl` reaches an auth server. */
export interface TeleportConnection {
  /** Executable and leading arguments. */
  readonly tctl: readonly string[];
  readonly authServer: string | null;
  readonly identityFile: string | null;
}

/** `spec.teleport`, as its schema has checked it. */
interface RawConnection {
  readonly tctl?: readonly string[];
  readonly auth_server?: string;
  readonly identity_file?: string;
}

/** What a cluster resource of Teleport says; throws a `Failure` for one that says nothing. */
export function teleportConnection({ name, source, connection }: ClusterResource): TeleportConnection {
  if (connection !== null) return own(connection);
  throw new Failure("resources", `Cluster ${name} has no spec.teleport.`, {
    hint: `add it in ${source.file}, line ${source.line}`,
  });
}

/** It is opaque to everybody but this room, and nothing else than `read` makes one for a cluster of this platform. */
function own(connection: Connection): TeleportConnection {
  return connection as TeleportConnection;
}

/** Where an auth server listens unless it says otherwise. */
const AUTH_PORT = 3025;

function way(
  field: string,
  does: ConnectionWay["does"],
  rule: ConnectionWay["rule"],
  of: (connection: TeleportConnection) => ReturnType<ConnectionWay["of"]>,
): ConnectionWay {
  return { field, does, rule, of: (connection) => of(own(connection)) };
}

/** `spec.teleport`: every field has a default. */
export const CONNECTION: ConnectionRules = {
  read(field): TeleportConnection {
    const { tctl, auth_server, identity_file } = (field ?? {}) as RawConnection;
    return {
      tctl: tctl ?? ["tctl"],
      authServer: auth_server ?? null,
      identityFile: identity_file ?? null,
    };
  },
  fields(connection) {
    const { tctl, authServer, identityFile } = own(connection);
    return { tctl, auth_server: authServer, identity_file: identityFile };
  },
  ways: [
    way("tctl", "runs", "listed-executable", ({ tctl }) => [tctl]),
    way("auth_server", "dials", "listed-address", ({ authServer }) => [dialled(authServer, AUTH_PORT)]),
    way("identity_file", "reads", "credential", ({ identityFile }) => [identityFile]),
  ],
  recipients: [],
  startedElsewhere(connection, at): TeleportConnection {
    const { tctl, identityFile, ...others } = own(connection);
    return {
      ...others,
      tctl: commandAt(tctl, at),
      identityFile: identityFile === null ? null : at(identityFile),
    };
  },
};
