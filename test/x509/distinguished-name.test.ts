import { describe, expect, it } from "vitest";
import { onOneLine, printedName } from "../../src/x509/distinguished-name.ts";

describe("names as Go prints them", () => {
  it("in Go's order, escaped, the first of several common names dropped", () => {
    const at = (type: string, value: string) => [{ type, value }];
    expect(
      printedName([
        at("2.5.4.3", "first"),
        at("2.5.4.6", "DE"),
        [...at("2.5.4.10", "b"), ...at("2.5.4.10", "a")],
        at("2.5.4.3", " #x,y+z "),
        at("1.2.3", "own"),
        at("2.5.4.11", "#unit"),
      ]),
    ).toBe("CN=\\ #x\\,y\\+z\\ ,OU=\\#unit,O=b+O=a,C=DE,1.2.3=own");
  });
});

it("a name of several lines is printed on one", () => {
  expect(onOneLine("O=acme\nCN=ada")).toBe("O=acme, CN=ada");
  expect(onOneLine(undefined)).toBe("");
});
