import { describe, expect, it } from "vitest";
import { readFields } from "../../../src/listings/json-stream.ts";
import { collectRows, ROW_FIELDS } from "../../../src/platforms/teleport/components.ts";
import {
  type ComponentKind,
  type LiveComponent,
  type LiveRotation,
  NEVER_ROTATED,
} from "../../../src/rotation/observation.ts";
import type { Phase } from "../../../src/rotation/phase.ts";
import { fixture } from "../fake-runner.ts";

const ID = "0d1f6a1e-5b7c-4f7e-8f2b-1c9d3e5f7a90";
const host = (phase: Phase, currentId: string | null = ID): LiveRotation => ({
  ...NEVER_ROTATED,
  phase,
  currentId,
});

function read(kind: ComponentKind, listing: string, rotation = host("init")): readonly LiveComponent[] {
  const rows = collectRows(kind);
  const reader = readFields(ROW_FIELDS, rows.add);
  reader.push(Buffer.from(listing));
  reader.end();
  return [...rows.fold(rotation)];
}

describe("rows (reference teleport-rotation 3.1, 4.4)", () => {
  it("nodes: by host UUID; never rotated is standby; agentless ones report nothing, ever", () => {
    expect(read("node", fixture("nodes-v18.json"))).toEqual([
      {
        kind: "node",
        id: "1efc76b7-ac7f-4852-9cc7-78d91e441662",
        name: "db-1",
        phase: "init",
        currentId: ID,
        version: "18.7.0",
        expires: "2026-03-01T10:10:00Z",
      },
      {
        kind: "node",
        id: "7288ad3e-bcc4-4966-b961-384c42bdb5ed",
        name: "db-2",
        phase: "standby",
        currentId: null,
        unclear: "",
        version: "18.6.1",
        expires: "2026-03-01T10:10:03Z",
      },
      {
        kind: "node",
        id: "d11ae212-b19a-4621-b6d1-345daaf533f3",
        name: "legacy",
        phase: null,
        currentId: null,
        version: null,
        expires: null,
      },
      expect.objectContaining({ name: "ec2", phase: null }),
    ]);
  });

  it("applications: one row each, folded by host_id; a row that says nothing does not count beside one that does", () => {
    expect(read("app_server", fixture("app_servers-v18.json"))).toEqual([
      {
        kind: "app_server",
        id: "aaaaaaaa-0000-4000-8000-000000000001",
        name: "apps-1",
        phase: "init",
        currentId: ID,
        version: "18.7.0",
        expires: "2026-03-01T10:12:00Z",
      },
      expect.objectContaining({ id: "aaaaaaaa-0000-4000-8000-000000000002", name: "apps-2", phase: "init" }),
    ]);
  });

  it("Kubernetes services, which Teleport's own wizard does not wait for", () => {
    expect(read("kube_server", fixture("kube_servers-v18.json"))).toEqual([
      expect.objectContaining({
        id: "bbbbbbbb-0000-4000-8000-000000000001",
        name: "kube-agent-0",
        phase: "init",
      }),
    ]);
  });

  it("Windows desktop services report nothing; should one do, it counts", () => {
    expect(read("windows_desktop_service", fixture("windows-v18.json"))).toEqual([
      expect.objectContaining({ name: "desktops-1", phase: null, currentId: null }),
    ]);
    const reporting = JSON.stringify([
      { metadata: { name: "w" }, spec: { rotation: { phase: "init", current_id: ID } } },
    ]);
    expect(read("windows_desktop_service", reporting)).toMatchObject([{ phase: "init", currentId: ID }]);
  });

  it("a row without host_id is grouped by its name, one without a host name is called by its id", () => {
    const rows = JSON.stringify([{ metadata: { name: "db", expires: "2026-03-01T10:10:00Z" }, spec: {} }]);
    expect(read("db_server", rows)).toMatchObject([{ id: "db", name: "db", phase: "standby" }]);
  });

  it("a phase that nobody knows is not taken for the one that is waited for", () => {
    const rows = JSON.stringify([
      { metadata: { name: "n" }, spec: { rotation: { phase: "sideways", current_id: ID } } },
    ]);
    expect(read("node", rows)).toMatchObject([{ phase: "standby", unclear: "sideways" }]);
  });
});

describe("rows of one process that disagree", () => {
  const at = (...standings: readonly (readonly [Phase | "", string])[]) =>
    JSON.stringify(
      standings.map(([phase, current_id]) => ({
        metadata: { name: "one", expires: "2026-03-01T10:10:00Z" },
        spec: { host_id: "h", rotation: { phase, current_id } },
      })),
    );

  it.each([
    ["says nothing in one row", at(["init", ID], ["", ""]), host("init"), "init", ID],
    ["behind at init", at(["init", ID], ["standby", "old"]), host("init"), "standby", "old"],
    [
      "behind at update_clients",
      at(["update_clients", ID], ["init", ID]),
      host("update_clients"),
      "init",
      ID,
    ],
    [
      "behind at the last standby",
      at(["standby", ID], ["update_servers", ID]),
      host("standby"),
      "update_servers",
      ID,
    ],
    [
      "behind at rollback",
      at(["rollback", ID], ["update_clients", ID]),
      host("rollback"),
      "update_clients",
      ID,
    ],
    [
      "slept through all of it",
      at(["update_servers", ID], ["standby", "old"]),
      host("update_servers"),
      "standby",
      "old",
    ],
    ["of another rotation", at(["init", ID], ["init", "other"]), host("init"), "init", "other"],
    [
      "ahead of a stale read of the CA",
      at(["init", ID], ["update_clients", ID]),
      host("init"),
      "update_clients",
      ID,
    ],
    [
      "several behind: the one that is most",
      at(["update_servers", ID], ["update_clients", ID], ["init", ID]),
      host("update_servers"),
      "init",
      ID,
    ],
    ["all where they should be", at(["init", ID], ["init", ID]), host("init"), "init", ID],
  ] as const)("%s, in any order", (_what, listing, rotation, phase, currentId) => {
    const backwards = JSON.stringify((JSON.parse(listing) as unknown[]).reverse());
    expect(read("app_server", listing, rotation)).toMatchObject([{ id: "h", phase, currentId }]);
    expect(read("app_server", backwards, rotation)).toMatchObject([{ id: "h", phase, currentId }]);
  });
});

describe("rows that no agent announces (recordings/teleport-11.1, teleport RFD 105)", () => {
  const rotation = { started: "0001-01-01T00:00:00Z", last_rotated: "0001-01-01T00:00:00Z" };
  const expires = "2026-03-01T10:10:00Z";

  it.each([
    ["an application of an integration", { name: "aws" }, { app: { spec: { integration: "aws" } } }],
    [
      "one of an integration that expires",
      { name: "aws", expires },
      { app: { spec: { integration: "aws" } } },
    ],
    ["a static row", { name: "static" }, {}],
  ])("%s reports nothing, and is not taken for the process whose id it bears", (_what, metadata, spec) => {
    const agent = {
      metadata: { name: "wiki", expires },
      spec: { host_id: "p", rotation: { phase: "init", current_id: ID } },
    };
    const row = { metadata, spec: { host_id: "p", rotation, ...spec } };
    const seen = read("app_server", JSON.stringify([row, agent]));
    expect(seen.map(({ id, phase }) => [id, phase])).toEqual([
      [`p/${metadata.name}`, null],
      ["p", "init"],
    ]);
  });

  it("both rows of a Kubernetes agent that say nothing are an empty rotation, and no standby", () => {
    const row = { metadata: { name: "lab", expires }, spec: { host_id: "k", rotation } };
    expect(read("kube_server", JSON.stringify([row, row]))).toMatchObject([
      { id: "k", phase: "standby", unclear: "" },
    ]);
  });
});
