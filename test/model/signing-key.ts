import { createECDH, createHash } from "node:crypto";
import type { AuthorityKey } from "../../src/rotation/observation.ts";
import { authorityOf, BOUND, certify, crlOf, P256 } from "../teleport/overrides/pki.ts";
import { CLUSTER } from "../world/host-rotation.ts";

/** A key of a CA with its own certificate, and what an external CA has signed for it. */
export interface SigningKey {
  readonly shown: AuthorityKey;
  /** As entries of overrides name it. */
  readonly hash: string;
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly crl: string;
}

/** Walks of a seed meet the same keys: their order decides in which order entries are changed. */
async function keysOf(name: string) {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(createHash("sha256").update(name).digest());
  const part = (bytes: Buffer) => bytes.toString("base64url");
  const point = ecdh.getPublicKey();
  const open = { kty: "EC", crv: "P-256", x: part(point.subarray(1, 33)), y: part(point.subarray(33)) };
  const use = async (jwk: object, may: "sign" | "verify") =>
    await crypto.subtle.importKey("jwk", jwk, P256, true, [may]);
  return {
    privateKey: await use({ ...open, d: part(ecdh.getPrivateKey()) }, "sign"),
    publicKey: await use(open, "verify"),
  };
}

async function signingKeys(count: number): Promise<readonly SigningKey[]> {
  const root = await certify(await keysOf("root"), null, {
    subject: "CN=External Root",
    authorityKeyId: false,
  });
  return await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      const keys = await keysOf(`key ${number}`);
      const own = await certify(keys, null, {
        subject: `2.5.4.5=${number + 1}, O=${CLUSTER}, CN=${CLUSTER}`,
        notAfter: BOUND,
        authorityKeyId: false,
      });
      const signed = await certify(keys, root, { subject: `O=${CLUSTER}, CN=override ${number}` });
      const [shown] = authorityOf("standby", [own]).active;
      if (shown === undefined) throw new Error("a certificate without a key");
      const hash = shown.fingerprint.replace(/^sha256:/, "");
      return { shown, hash, certificate: signed.pem, chain: [root.pem], crl: await crlOf(signed) };
    }),
  );
}

/** More than the CA of a walk ever makes. */
const MOST = 40;
let made: Promise<readonly SigningKey[]> | undefined;

/** The same keys each time, in the order in which a CA makes them. */
export function allSigningKeys(): Promise<readonly SigningKey[]> {
  made ??= signingKeys(MOST);
  return made;
}
