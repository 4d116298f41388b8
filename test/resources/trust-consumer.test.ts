import { describe, expect, it } from "vitest";
import { DEFAULT_PORTS, formatAddress, parseAddress } from "../../src/resources/model/trust-consumer.ts";

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
