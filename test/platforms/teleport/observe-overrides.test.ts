import { beforeAll, describe, expect, it } from "vitest";
import { openPlatform } from "../../../src/platforms/open.ts";
import type { PlatformOptions } from "../../../src/platforms/platform.ts";
import { type Answer, fakeRunner, teleportCluster } from "../fake-runner.ts";
import { makeCertificate } from "../keys.ts";

const ASKED = "get ca_overrides --format=json";
const SPIFFE = "get workload_identity_x509_issuer_override --format=json";
let certificate: string;
beforeAll(async () => {
  certificate = (await makeCertificate()).base64;
});

function authorities(type: string, phase: string): string {
  const state = phase === "standby" ? "standby" : "in_progress";
  const tls = [{ cert: certificate }];
  const spec = { type, rotation: { state, phase, mode: "manual" }, active_keys: { tls } };
  return JSON.stringify([
    { kind: "cert_authority", sub_kind: type, metadata: { name: "acme.cluster" }, spec },
  ]);
}

function open(
  overrides: NonNullable<PlatformOptions["overrides"]>,
  answers: Readonly<Record<string, Answer>> = {},
  [type, phase] = ["db_client", "standby"],
) {
  const runner = fakeRunner({
    "get cert_authority --format=json": authorities(type ?? "", phase ?? ""),
    status: "Cluster  acme.cluster\nVersion  18.9.0\n",
    version: "Teleport v18.9.0 git:v18.9.0 go1.25.3\n",
    ...answers,
  });
  const platform = openPlatform(teleportCluster(), { runner, overrides, now: () => new Date(0) });
  const asked = () => runner.calls.filter((line) => line.includes("override"));
  return { platform, asked };
}

describe("what is asked about overrides", () => {
  it("is nothing at all when nothing could have one", async () => {
    const { platform, asked } = open("none");
    expect((await platform.observe({ components: "all" })).overrides).toBeUndefined();
    expect(asked()).toEqual([]);
  });

  it("is one call when the CA of a rotation could have one", async () => {
    const { platform, asked } = open("possible");
    const { overrides } = await platform.observe({ components: "all" });
    expect(overrides).toEqual({ state: "listed", documents: [], spiffeIssuer: false });
    expect(asked()).toEqual([ASKED]);
  });

  it("is one call when somebody else rotates such a CA", async () => {
    const { platform, asked } = open("none", {}, ["windows", "init"]);
    expect((await platform.observe({ components: "all" })).overrides).toMatchObject({ state: "listed" });
    expect(asked()).toEqual([ASKED]);
  });

  it("is nothing when somebody else rotates another CA", async () => {
    const { platform, asked } = open("none", {}, ["host", "init"]);
    await platform.observe({ components: "all" });
    expect(asked()).toEqual([]);
  });

  it("is asked anew with the authorities, and not while components are waited for", async () => {
    const { platform, asked } = open("possible");
    const base = await platform.observe({ components: "all" });
    const polled = await platform.observe({ components: ["node"], base });
    expect(polled.overrides).toEqual(base.overrides);
    expect(asked()).toHaveLength(1);
    await platform.observe({ components: [], base });
    expect(asked()).toHaveLength(2);
  });
});

describe("what it finds", () => {
  it("the resources as they are, and the older mechanism for SPIFFE", async () => {
    const override = {
      kind: "cert_authority_override",
      sub_kind: "db_client",
      metadata: { name: "acme.cluster" },
    };
    const { platform, asked } = open("managed", {
      [ASKED]: JSON.stringify([override]),
      [SPIFFE]: JSON.stringify([{ metadata: { name: "default" } }]),
    });
    expect((await platform.observe({ components: "all" })).overrides).toEqual({
      state: "listed",
      documents: [override],
      spiffeIssuer: true,
    });
    expect(asked().toSorted()).toEqual([ASKED, SPIFFE]);
  });

  it.each([
    ["a tctl that is too old", 'ERROR: unsupported resource: "ca_overrides" - resources should be\n'],
    ["a server that is too old", "ERROR: unknown service teleport.subca.v1.SubCAService\n"],
    ["a server without the license", "ERROR: Sub CA requires Teleport Enterprise\n"],
  ])("%s: a note, no error", async (_, stderr) => {
    const { platform } = open("managed", { [ASKED]: { exitCode: 1, stderr } });
    const { overrides, unread } = await platform.observe({ components: "all" });
    expect(overrides).toMatchObject({
      state: "unsupported",
      note: expect.stringContaining("Enterprise 18.9"),
    });
    expect(unread).toEqual([]);
  });

  it("not being allowed to look is not knowing", async () => {
    const stderr = 'ERROR: access denied to perform action "list" on "cert_authority_override"\n';
    const { platform } = open("managed", { [ASKED]: { exitCode: 1, stderr } });
    const { overrides, unread } = await platform.observe({ components: "all" });
    expect(overrides).toBeUndefined();
    expect(unread).toMatchObject([{ what: "ca_overrides" }]);
  });
});
