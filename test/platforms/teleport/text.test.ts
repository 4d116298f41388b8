import { describe, expect, it } from "vitest";
import { readStatus, readVersion } from "../../../src/platforms/teleport/text.ts";
import { fixture } from "../fake-runner.ts";

const OLD = "sha256:9c34d782d1a2c47208172b2bb27485cbd2a2f2157e798f062d0a134268de8a4d";
const NEW = "sha256:7ec938c145ad56fdcc4341f6737dcc27581d732d915a20d29b9edaca015727ba";

describe("tctl status (reference teleport-rotation 4.5)", () => {
  it.each([
    ["v5, one pin", "status-v5.txt", "5.0.0-dev", [OLD]],
    ["v8 to v16, a row for each pin", "status-v16.txt", "16.4.2", [OLD, NEW]],
    ["v17 and later, continuation lines", "status-v17.txt", "18.7.0", [OLD, NEW]],
  ])("%s", (_era, name, version, pins) => {
    expect(readStatus(fixture(name))).toEqual({ cluster: "acme.cluster", version, pins });
  });

  it("v4, without a version", () => {
    expect(readStatus(`Cluster  acme.cluster\nUser CA  never updated\nCA pin   ${OLD}\n`)).toEqual({
      cluster: "acme.cluster",
      version: null,
      pins: [OLD],
    });
  });
});

describe("tctl version (4.6)", () => {
  it.each([
    ["Teleport v5.0.0-dev git: go1.19.8\n", "5.0.0-dev"],
    ["Teleport v18.7.0 git:v18.7.0-0-gabcdef go1.24.5\n", "18.7.0"],
    ["Teleport Enterprise v17.4.2 git:v17.4.2-0-gabcdef go1.23\nProxy version: 17.4.1\n", "17.4.2"],
    ["Client Version: v1.30.2\n", null],
    ["", null],
  ])("%j", (text, version) => {
    expect(readVersion(text)).toBe(version);
  });
});
