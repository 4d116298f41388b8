import { describe, expect, it } from "vitest";
import { placeInSecrets, secretsFragment, sopsRecipients } from "../../src/talos/secrets-bundle.ts";

describe("the change of a secrets bundle", () => {
  it("names the place that it is for", () => {
    expect(placeInSecrets("talos")).toBe("certs.os");
    expect(secretsFragment({ type: "talos", certificate: "C", key: "K" })).toBe(
      "certs:\n  os:\n    crt: Qw==\n    key: Sw==\n",
    );
  });

  it("is sealed for those whom SOPS names in the file", () => {
    const file =
      "certs:\n  os: { crt: x, key: y }\nsops:\n  age:\n    - { recipient: age1abc, enc: x }\n    - recipient: age1def\n";
    expect(sopsRecipients("secrets.yaml", file)).toEqual(["age1abc", "age1def"]);
  });

  it.each([
    ["in the clear", "certs: { os: { crt: x, key: y } }"],
    ["encrypted for PGP", "sops: { pgp: [{ fp: x }], age: null }"],
    ["empty", ""],
    ["no YAML", "a: [b"],
  ])("is not made for a file that is %s", (_, text) => {
    expect(() => sopsRecipients("talos/secrets.yaml", text)).toThrow(
      "talos/secrets.yaml is not encrypted by SOPS with age",
    );
  });
});
