import { describe, expect, it } from "vitest";
import {
  getAuthoritiesCommand,
  getCommand,
  REMOTE_CLUSTERS,
  RESOURCE_NAMES,
  rotateCommand,
  statusCommand,
  versionCommand,
} from "../../../src/platforms/teleport/commands.ts";
import { PHASES } from "../../../src/rotation/phase.ts";
import { AUTHORITY_TYPES } from "../../../src/teleport/authority-types.ts";

const LOCAL = { tctl: ["tctl"], authServer: null, identityFile: null };
const REMOTE = {
  tctl: ["ssh", "admin@bastion", "tctl"],
  authServer: "acme.example.com:443",
  identityFile: "/run/identity",
};

describe("a transition", () => {
  it.each(AUTHORITY_TYPES.flatMap(({ name }) => PHASES.map((phase) => [name, phase] as const)))(
    "of %s to %s is manual, names its type in API spelling, and carries no grace period",
    (name, phase) => {
      // Without --manual it would turn automatic (reference teleport-rotation 1.7), 0 was "force" once (1.2).
      expect(rotateCommand(LOCAL, name, phase)).toEqual([
        "tctl",
        "auth",
        "rotate",
        "--manual",
        `--type=${name}`,
        `--phase=${phase}`,
      ]);
    },
  );

  it.each([
    ["db-client", "db_client"],
    ["saml-idp", "saml_idp"],
    ["app-client", "app_client"],
    ["bound-keypair", "bound_keypair"],
  ])("of %s says %s: the spelling of auth export fails here (2.1)", (written, sent) => {
    expect(rotateCommand(LOCAL, written, "init")).toContain(`--type=${sent}`);
  });
});

it("connection flags stand before the command; a version needs none", () => {
  const connected = [
    "ssh",
    "admin@bastion",
    "tctl",
    "-i",
    "/run/identity",
    "--auth-server",
    "acme.example.com:443",
  ];
  expect(getAuthoritiesCommand(REMOTE)).toEqual([...connected, "get", "cert_authority", "--format=json"]);
  expect(statusCommand(REMOTE)).toEqual([...connected, "status"]);
  expect(rotateCommand(REMOTE, "host", "init").slice(0, 7)).toEqual(connected);
  expect(versionCommand(REMOTE)).toEqual(["ssh", "admin@bastion", "tctl", "version"]);
});

it("one kind a call, as JSON (4.1)", () => {
  for (const resource of [...Object.values(RESOURCE_NAMES).flat(), REMOTE_CLUSTERS]) {
    expect(getCommand(LOCAL, resource)).toEqual(["tctl", "get", resource, "--format=json"]);
    expect(resource).not.toContain(",");
  }
});
