import { beforeAll, describe, expect, it } from "vitest";
import { readElements } from "../../../src/listings/json-stream.ts";
import { readAuthority } from "../../../src/platforms/teleport/authority.ts";
import type { AuthorityKey, LiveAuthority } from "../../../src/rotation/observation.ts";
import { filled } from "../fake-runner.ts";
import { makeCertificate, makeJwtKey, makeSshKey, type TestKey } from "../keys.ts";

/** One real key for every placeholder of the fixtures. */
let keys: Record<string, TestKey>;
beforeAll(async () => {
  keys = {
    "ssh-active": makeSshKey("RSA 2048"),
    "ssh-trusted": makeSshKey("Ed25519"),
    "tls-active": await makeCertificate({ algorithm: "RSA 2048" }),
    "tls-trusted": await makeCertificate(),
    "tls-second": await makeCertificate({ algorithm: "ECDSA P-384" }),
    "tls-spiffe": await makeCertificate(),
    "tls-user": await makeCertificate(),
    "tls-leaf": await makeCertificate({ name: "leaf.cluster" }),
    "tls-lattice": await makeCertificate({ algorithm: "Ed25519" }),
    "jwt-active": makeJwtKey(),
  };
});

async function read(name: string): Promise<LiveAuthority[]> {
  const base64 = Object.fromEntries(Object.entries(keys).map(([key, { base64 }]) => [key, base64]));
  const elements: unknown[] = [];
  const reader = readElements((element) => elements.push(element));
  reader.push(Buffer.from(filled(name, base64)));
  reader.end();
  return Promise.all(elements.map((element) => readAuthority(element)));
}

/** `tls-active RSA 2048 software`: which key of the test it is, told by its fingerprint. */
function shown(list: readonly AuthorityKey[] | undefined): string[] {
  return (list ?? []).map(({ fingerprint, algorithm, storage, protocol }) => {
    const name = Object.keys(keys).find((key) => keys[key]?.fingerprint === fingerprint);
    expect(name?.startsWith(protocol)).toBe(true);
    return `${name} ${algorithm}, ${storage}`;
  });
}

describe("v5: the first key of each list is active, the rest is trusted (4.3, recordings)", () => {
  it("with a rotation in progress, and a JWT CA that was never rotated", async () => {
    const [host, jwt] = await read("cas-v5.json");
    expect(shown(host?.active)).toEqual(["ssh-active RSA 2048, software", "tls-active RSA 2048, software"]);
    expect(shown(host?.trusted)).toEqual([
      "ssh-trusted Ed25519, software",
      "tls-trusted ECDSA P-256, software",
    ]);
    expect(host).toMatchObject({
      type: "host",
      cluster: "acme.cluster",
      rotation: {
        state: "in_progress",
        phase: "update_clients",
        mode: "manual",
        currentId: "f708d2e6-ae73-4738-86b2-c282bab5e9e9",
        started: "2026-11-21T08:04:33.019887333Z",
        lastRotated: null,
        gracePeriod: "30h0m0s",
        schedule: {
          update_clients: "2026-11-21T18:04:32.739396398Z",
          update_servers: "2026-11-22T04:04:32.739396468Z",
          standby: "2026-11-22T14:04:32.739396528Z",
        },
      },
    });
    expect(shown(jwt?.active)).toEqual(["jwt-active ECDSA P-256, software"]);
    expect(jwt?.rotation).toEqual({
      state: "standby",
      phase: "standby",
      mode: null,
      currentId: null,
      started: null,
      lastRotated: null,
      gracePeriod: null,
      schedule: null,
    });
  });
});

describe("v7: both layouts in one element", () => {
  it("the newer one counts; zero times are none, an empty phase is standby", async () => {
    const [host] = await read("cas-v7.json");
    expect(shown(host?.active)).toEqual(["ssh-active RSA 2048, software", "tls-active RSA 2048, software"]);
    expect(shown(host?.trusted)).toEqual([
      "ssh-trusted Ed25519, software",
      "tls-trusted ECDSA P-256, software",
    ]);
    expect(host?.rotation).toMatchObject({
      state: "standby",
      phase: "standby",
      currentId: null,
      started: null,
      schedule: null,
    });
  });
});

describe("v17 and v18", () => {
  it("sets of keys, storage as a number, unknown fields ignored (4.3)", async () => {
    const [host, spiffe] = await read("cas-v18.json");
    expect(shown(host?.active)).toEqual(["ssh-active RSA 2048, software", "tls-active RSA 2048, software"]);
    expect(shown(host?.trusted)).toEqual([
      "ssh-trusted Ed25519, PKCS#11 HSM",
      "tls-trusted ECDSA P-256, PKCS#11 HSM",
      "tls-second ECDSA P-384, AWS KMS",
    ]);
    expect(shown(spiffe?.active)).toEqual([
      "tls-spiffe ECDSA P-256, software",
      "jwt-active ECDSA P-256, software",
    ]);
    expect(spiffe?.trusted).toEqual([]);
  });

  it("the owner is the cluster that metadata names", async () => {
    const all = await read("cas-v18.json");
    expect(all.map(({ type, cluster }) => `${cluster} ${type}`)).toEqual([
      "acme.cluster host",
      "acme.cluster spiffe",
      "acme.cluster user",
      "acme.cluster user",
      "leaf.cluster host",
    ]);
  });
});

describe("v19", () => {
  it("storage as a name; idle again after a rotation: its id stays, its start does not (1.5)", async () => {
    const [appClient] = await read("cas-v19.json");
    expect(shown(appClient?.active)).toEqual(["tls-active RSA 2048, GCP KMS"]);
    expect(appClient).toMatchObject({
      type: "app_client",
      rotation: {
        state: "standby",
        currentId: "0d1f6a1e-5b7c-4f7e-8f2b-1c9d3e5f7a90",
        started: null,
        lastRotated: "2026-03-01T12:00:00Z",
      },
    });
  });

  it("a type that capstan does not know is kept, with the keys that it can read", async () => {
    const [, lattice] = await read("cas-v19.json");
    expect(lattice?.type).toBe("lattice");
    expect(shown(lattice?.active)).toEqual(["tls-lattice Ed25519, unknown (9)"]);
  });
});

describe("what cannot be understood is said, not guessed", () => {
  const element = (spec: object) => ({ kind: "cert_authority", metadata: { name: "acme.cluster" }, spec });

  it.each([
    [
      "a key that is no key",
      { active_keys: { tls: [{ cert: "AAAA" }] } },
      "its active tls key cannot be read",
    ],
    [
      "a key that is missing",
      { additional_trusted_keys: { ssh: [{}] } },
      "its trusted ssh key cannot be read",
    ],
    ["an unknown phase", { rotation: { phase: "sideways" } }, 'its rotation phase "sideways" is unknown'],
    ["an unknown state", { rotation: { state: "paused" } }, 'its rotation state "paused" is unknown'],
    ["a phase without a state", { rotation: { phase: "init" } }, 'its rotation is "" and its phase init'],
    ["a state without a phase", { rotation: { state: "in_progress" } }, "which do not fit"],
  ])("%s", async (_what, spec, message) => {
    await expect(readAuthority(element({ type: "host", ...spec }))).rejects.toThrow(message);
  });

  it.each([
    ["auto", "auto"],
    ["manual", "manual"],
    ["", null],
    ["something new", "auto"],
  ])("mode %j is read as %j: whatever is not manual may move by itself", async (mode, expected) => {
    const { rotation } = await readAuthority(element({ type: "host", rotation: { mode } }));
    expect(rotation.mode).toBe(expected);
  });

  it("an element without anything has no keys", async () => {
    expect(await readAuthority({})).toMatchObject({ type: "", cluster: "", active: [], trusted: [] });
  });
});
