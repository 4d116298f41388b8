import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadResources } from "../../src/resources/read/load.ts";
import { valueWithoutSecrets, withoutSecrets } from "../../src/secrets.ts";

const shown = (name: string) => `\${${name}}`;

describe("a variable hides its value, and nothing that git says itself", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "capstan-test-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Of a cluster that is called `another.gatehouse`, reached through a variable that holds this. */
  async function loadWith(name: string, value: string): Promise<void> {
    await writeFile(
      join(folder, "a.yaml"),
      `kind: cluster\nversion: v1\nmetadata: { name: reached }\nspec: { platform: teleport, teleport: { auth_server: "\${${name}}:443" } }\n`,
    );
    await writeFile(
      join(folder, "b.yaml"),
      "kind: cluster\nversion: v1\nmetadata: { name: another.gatehouse, description: its gateway is gw-7 }\nspec: { platform: teleport }\n",
    );
    const { diagnostics } = await loadResources(folder, { [name]: value });
    expect(diagnostics).toEqual([]);
  }

  it.each(["another.gatehouse", "another", "gw-7", "host", "update_clients", "sha256"])(
    "%s stays",
    async (value) => {
      await loadWith("CAPSTAN_VAR_PLAIN", value);
      expect(withoutSecrets(`of ${value} and more`)).toBe(`of ${value} and more`);
      await loadWith("CAPSTAN_VAR_PLAIN", value);
      expect(withoutSecrets(value)).toBe(value);
    },
  );

  it.each(["authorities", "clusters", "fingerprint"])(
    "a field that is called %s keeps its name",
    async (value) => {
      await loadWith("CAPSTAN_VAR_FIELD", value);
      expect(valueWithoutSecrets({ [value]: [1] })).toEqual({ [value]: [1] });
    },
  );

  // A name that no other test says: what is hidden is hidden for as long as the process lives, and other files share it.
  it("what only the variable says is hidden, also where git says something longer", async () => {
    await loadWith("CAPSTAN_VAR_HIDDEN", "gatehous");
    expect(withoutSecrets("it says gatehous")).toBe(`it says ${shown("CAPSTAN_VAR_HIDDEN")}`);
    await loadWith("CAPSTAN_VAR_TOKEN", "planted-in-a-variable");
    expect(withoutSecrets("it says planted-in-a-variable")).toBe(`it says ${shown("CAPSTAN_VAR_TOKEN")}`);
  });
});
