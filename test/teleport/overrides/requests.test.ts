import { describe, expect, it } from "vitest";
import { generations } from "../../../src/teleport/overrides/ca-keys.ts";
import { matchRequests, requestFileNames } from "../../../src/teleport/overrides/match-requests.ts";
import { HAS_OPENSSL, withOpenssl } from "./openssl.ts";
import { CLUSTER, csrOf, derOfPem, keyHash, pemOfDer, teleportKey } from "./pki.ts";

describe("certificate signing requests", async () => {
  const [one, two, three, stranger] = await Promise.all([1, 2, 3, 4].map(() => teleportKey()));
  if (!one || !two || !three || !stranger) throw new Error("no keys");
  const keys = { active: [keyHash(one), keyHash(two)], additional: [keyHash(three)] };

  it("are matched to keys, and the one that is missing is named", async () => {
    const texts = [`${await csrOf(one.keys)}\n${await csrOf(three.keys)}\n`];
    const match = await matchRequests(texts, CLUSTER, keys);
    expect(match.matched.map(({ keyHash: hash, role }) => [hash, role])).toEqual([
      [keyHash(one), "active"],
      [keyHash(three), "additional"],
    ]);
    expect(match).toMatchObject({ missing: [keyHash(two)], foreign: [], repeated: [], unreadable: [] });
    expect(match.matched[0]).toMatchObject({
      namesCluster: true,
      byAttribute: false,
      subject: `CN=${CLUSTER},O=${CLUSTER}`,
    });
  });

  it("are missed only where somebody asked for them", async () => {
    const { next } = generations("init", keys);
    expect((await matchRequests([], CLUSTER, keys, next)).missing).toEqual([keyHash(three)]);
    expect((await matchRequests([await csrOf(three.keys)], CLUSTER, keys, next)).missing).toEqual([]);
  });

  it("of other keys are foreign, and a second one for a key is told", async () => {
    const texts = [await csrOf(stranger.keys), await csrOf(one.keys), await csrOf(one.keys)];
    const match = await matchRequests(texts, CLUSTER, keys);
    expect(match.foreign).toMatchObject([{ keyHash: keyHash(stranger), role: "foreign" }]);
    expect(match.repeated).toEqual([keyHash(one)]);
  });

  it("say whether their subject names the cluster, and how", async () => {
    const texts = [
      await csrOf(one.keys, "CN=nobody"),
      await csrOf(two.keys, "O=Other, 1.3.9999.4.1=mycluster"),
      await csrOf(three.keys, "O=MyCluster"),
    ];
    const { matched } = await matchRequests(texts, CLUSTER, keys);
    expect(matched.map(({ namesCluster, byAttribute }) => [namesCluster, byAttribute])).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ]);
  });

  it("that are none, or are forged, count for nothing", async () => {
    const csr = await csrOf(one.keys);
    const der = Buffer.from(csr.replaceAll(/-----.*-----|\n/g, ""), "base64");
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const texts = [
      "no PEM at all",
      one.pem,
      pemOfDer(derOfPem(one.pem), "CERTIFICATE REQUEST"),
      pemOfDer(der, "CERTIFICATE REQUEST"),
    ];
    const match = await matchRequests(texts, CLUSTER, keys);
    expect(match.matched).toEqual([]);
    expect(match.unreadable).toEqual([
      { text: 0, reason: "holds no PEM block" },
      { text: 1, reason: "holds a CERTIFICATE block, not a certificate request" },
      { text: 2, reason: "holds a certificate request that cannot be read" },
      { text: 3, reason: "holds a certificate request that is not signed with its own key" },
    ]);
  });

  it("of openssl are read too, under its older name as well, and written so that openssl reads them", async () => {
    if (!HAS_OPENSSL) return;
    const csr = withOpenssl({}, ({ run }) =>
      String(run("req -new -newkey rsa:2048 -nodes -keyout key.pem -subj /O=mycluster/CN=x").out),
    );
    for (const text of [csr, csr.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")]) {
      const { foreign } = await matchRequests([text], CLUSTER, keys);
      expect(foreign).toMatchObject([{ namesCluster: true }]);
      const shown = withOpenssl({}, ({ run }) => {
        const { out, err } = run("req -noout -verify -subject", foreign[0]?.request.pem ?? "");
        return `${out}${err}`;
      });
      expect(shown).toMatch(/verify OK/);
      expect(shown).toMatch(/subject=O = mycluster, CN = x/);
    }
  });

  it("get the file names that tctl gives them", () => {
    const [a, b] = [`12345678a${"0".repeat(55)}`, `12345678b${"0".repeat(55)}`];
    expect([...requestFileNames("db_client", [a, b], "out/").values()]).toEqual([
      "out/db_client-12345678a-csr.pem",
      "out/db_client-12345678b-csr.pem",
    ]);
    expect(requestFileNames("windows", [a]).get(a)).toBe("windows-12345678-csr.pem");
  });
});
