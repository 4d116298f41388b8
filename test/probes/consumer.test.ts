import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DEFAULT_PORTS, formatAddress, parseAddress } from "../../src/probes/consumer.ts";

describe("an address", () => {
  it.each([
    ["db-1.acme.example:6432", "db-1.acme.example:6432"],
    ["db-1.acme.example", "db-1.acme.example:5432"],
    ["10.0.0.5", "10.0.0.5:5432"],
    ["[::1]:6432", "[::1]:6432"],
    ["[fe80::1%eth0]", "[fe80::1%eth0]:5432"],
  ])("%s is %s", (text, expected) => {
    const address = parseAddress(text, DEFAULT_PORTS.postgres);
    expect(address === null ? null : formatAddress(address)).toBe(expected);
  });

  it.each([
    "",
    ":5432",
    "db:0",
    "db:65536",
    "db:http",
    "-oProxyCommand=x",
    "a,b",
    "a b",
    "::1",
    "db/x",
    "db\n:1",
  ])("%j is none", (text) => {
    expect(parseAddress(text, 22)).toBeNull();
  });
});

describe("the proposed schema of trust_consumers", () => {
  const folder = join(import.meta.dirname, "../../src/probes");
  const schema = JSON.parse(readFileSync(join(folder, "trust-consumers.schema.json"), "utf8"));
  // As strict as the build compiles schemas.
  const validate = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
  }).compile(schema);

  it("takes one of each kind", () => {
    const consumers = parse(`
- { kind: postgres, name: orders-db, address: "db-1.acme.example:5432", deadline: 5s }
- { kind: mysql, name: shop-db, address: db-2.acme.example, server_name: shop.acme.example }
- { kind: tls, name: queue, address: "[2001:db8::1]:5671" }
- { kind: openssh, name: bastion, address: bastion.acme.example }
- { kind: https-jwks, name: apps, url: "https://apps.acme.example/.well-known/jwks.json", ca_file: pki/web.pem }
- { kind: file, name: ssh-clients, path: ansible/files/known_hosts }
- { kind: manual, name: active-directory, instructions: "certutil -viewstore lists the CA in NTAuth" }
`);
    expect(validate(consumers), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    ["no address", { kind: "postgres", name: "x" }],
    ["the field of another kind", { kind: "file", name: "x", path: "a.pem", address: "db" }],
    ["an unknown field", { kind: "tls", name: "x", address: "db", password: "x" }],
    ["an unknown kind", { kind: "oracle", name: "x", address: "db" }],
    ["an option for an address", { kind: "openssh", name: "x", address: "-oProxyCommand=x" }],
    ["a password in the URL", { kind: "https-jwks", name: "x", url: "https://a:b@c/" }],
    ["no TLS in the URL", { kind: "https-jwks", name: "x", url: "http://c/" }],
    ["a path out of the repository", { kind: "file", name: "x", path: "pki/../../etc/passwd" }],
    ["an absolute path", { kind: "file", name: "x", path: "/etc/passwd" }],
    ["a manual consumer without instructions", { kind: "manual", name: "x" }],
  ])("refuses %s", (_, consumer) => {
    expect(validate([consumer])).toBe(false);
  });
});
