import "../world/in-process.ts";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, matchesGlob } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { combineSchemas } from "../../delivery/combined-schema.ts";
import { COMBINED_SCHEMA, releaseSchemas, schemaBelow } from "../../src/cli/schema-base.ts";
import { KINDS } from "../../src/resources/read/document.ts";
import { Repository } from "../world/repository.ts";
import { LanguageServer, type Position } from "./language-server.ts";

const SCHEMAS = join(import.meta.dirname, "../../schemas");

describe("the schema for editors", () => {
  it("is what the build makes of the single ones", () => {
    const singles = KINDS.map((kind) => `${kind.replaceAll("_", "-")}.schema.json`)
      .toSorted()
      .map((file) => JSON.parse(readFileSync(join(SCHEMAS, file), "utf8")));
    const made = combineSchemas(schemaBelow(releaseSchemas()), singles);
    expect(JSON.parse(readFileSync(join(SCHEMAS, COMBINED_SCHEMA), "utf8"))).toEqual(made);
  });

  it("has an address of the release for a name, and every kind", () => {
    const schema = JSON.parse(readFileSync(join(SCHEMAS, COMBINED_SCHEMA), "utf8"));
    expect(schema.$id).toMatch(
      /^https:\/\/raw\.githubusercontent\.com\/[^/]+\/capstan\/v\d+\.\d+\.\d+\/schemas\/capstan/,
    );
    expect([...schema.properties.kind.enum].sort()).toEqual([...KINDS].sort());
  });
});

describe("the entry for SchemaStore in docs/editors.md", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/editors.md"), "utf8");
  const entry = JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? "");

  it("has the address of this release", () => {
    expect(entry.url).toBe(schemaBelow(releaseSchemas()));
    expect(text).toContain(`$schema=${entry.url}\n`);
  });

  it.each(["cluster.yaml", "authorities.yaml", "rotations/host-2026-11.yaml"])(
    "fits clusters/NAME/%s",
    (file) => {
      const fits = entry.fileMatch.filter((glob: string) =>
        matchesGlob(`team/clusters/acme.cluster/${file}`, glob),
      );
      expect(fits).toHaveLength(1);
    },
  );
});

describe("an editor with yaml-language-server, on what init wrote", () => {
  let web: Server;
  let base: string;
  let repository: Repository;
  let authorities: string;
  const servers: LanguageServer[] = [];

  beforeAll(async () => {
    web = createServer(async (request, response) => {
      const text = await readFile(join(SCHEMAS, request.url?.replace(/^\/v1\//, "") ?? "")).catch(() => null);
      response.writeHead(text === null ? 404 : 200, { "content-type": "application/json" }).end(text);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(web.address() as AddressInfo).port}/v1`;
    repository = await Repository.create();
    await repository.must("sandbox", "up", "--speed", "200");
    await repository.must("init", "--schema", base, "--vscode");
    authorities = join(repository.folder, "clusters/acme.cluster/authorities.yaml");
  });
  afterAll(async () => {
    for (const server of servers) server.stop();
    web.close();
    web.closeAllConnections();
    await repository.remove();
  });

  async function editor(settings: Readonly<Record<string, unknown>> = {}): Promise<LanguageServer> {
    const server = await LanguageServer.start(repository.folder, settings);
    servers.push(server);
    return server;
  }

  /** The first five documents, with a change in the third. */
  function five(change: (third: string) => string): string {
    const [first = "", second = "", third = "", ...rest] = readFileSync(authorities, "utf8").split("---\n");
    return [first, second, change(third), ...rest.slice(0, 2)].join("---\n");
  }

  function placeOf(text: string, word: string, after = 0): Position {
    const before = text.slice(0, text.indexOf(word, after));
    const line = before.split("\n").length - 1;
    return { line, character: before.length - (before.lastIndexOf("\n") + 1) };
  }

  it("finds nothing to say about the files themselves", async () => {
    const server = await editor();
    expect(await server.open(authorities)).toEqual([]);
    expect(await server.open(join(repository.folder, "clusters/acme.cluster/cluster.yaml"))).toEqual([]);
  });

  it("says what is wrong in document 3 of 5, and where; completes and explains there", async () => {
    const server = await editor();
    const text = five((third) =>
      third.replace("  active_keys:", "  activ_keys: []\n  max_age: soon\n  active_keys:"),
    );
    const complaints = await server.open(authorities, text);
    const lineOf = (word: string) => placeOf(text, word).line;
    const said = complaints.map(({ message, range }) => [range.start.line, message]);
    expect(said.toSorted()).toEqual([
      [lineOf("activ_keys"), "Property activ_keys is not allowed."],
      [lineOf("max_age: soon"), "It has to be a duration (30m, 8760h, 1h30m, 0s)."],
    ]);
    const field = placeOf(text, "max_age: soon");
    expect(await server.hover(authorities, { ...field, character: field.character + 2 })).toContain(
      "A key that is older than this should be rotated",
    );
    const typed = five((third) => third.replace("  active_keys:", "  \n  active_keys:"));
    const other = authorities.replace("authorities", "typed");
    await server.open(other, typed);
    const empty = placeOf(typed, "  \n  active_keys:");
    const offered = await server.complete(other, { ...empty, character: 2 });
    expect(offered).toEqual(expect.arrayContaining(["max_age", "trust_consumers"]));
    expect(offered).not.toContain("policy");
  });

  it("tells the kinds, and the platforms, apart in one file", async () => {
    const server = await editor();
    const head = `# yaml-language-server: $schema=${base}/${COMBINED_SCHEMA}\n`;
    const file = join(repository.folder, "mixed.yaml");
    const talos =
      "kind: cluster\nversion: v1\nmetadata: { name: t }\nspec: { platform: talos, teleport: {} }\n";
    const rotation = "kind: ca_rotation\nversion: v1\nmetadata: { name: r }\nspec: { phase: sideways }\n";
    const unknown = "kind: clusters\nversion: v1\n";
    const complaints = await server.open(
      file,
      [talos, rotation, unknown].map((text) => head + text).join("---\n"),
    );
    expect(complaints.map(({ message }) => message).toSorted()).toEqual([
      'Missing property "authorities".',
      'Missing property "cluster".',
      'Missing property "talos".',
      "Property teleport is not allowed.",
      expect.stringMatching(/^Value is not accepted. Valid values: "ca_rotation", /),
      expect.stringMatching(/^Value is not accepted. Valid values: "standby", /),
    ]);
  });

  it("does so by VS Code's settings alone", async () => {
    const settings = JSON.parse(readFileSync(join(repository.folder, ".vscode/settings.json"), "utf8"));
    const server = await editor(settings);
    const folder = join(repository.folder, "clusters/other.cluster");
    mkdirSync(folder, { recursive: true });
    const plain = five((third) => third.replace("active_keys:", "activ_keys:")).replaceAll(
      /^# yaml-language-server.*\n\n?/gm,
      "",
    );
    expect(plain).not.toContain("$schema");
    const complaints = await server.open(join(folder, "authorities.yaml"), plain);
    expect(complaints.map(({ message }) => message).join()).toContain("activ_keys");
  });

  it("has a line for a rotation, too, where the file of its cluster has one", async () => {
    await repository.commit("what is live");
    await repository.must("rotate", "start", "host", "--name=r");
    const file = join(repository.folder, "clusters/acme.cluster/rotations/r.yaml");
    expect(readFileSync(file, "utf8").split("\n")[0]).toBe(
      `# yaml-language-server: $schema=${base}/${COMBINED_SCHEMA}`,
    );
    expect(await (await editor()).open(file)).toEqual([]);
  });

  it("leaves settings that are there as they are, and says what to add", async () => {
    const settings = join(repository.folder, ".vscode/settings.json");
    writeFileSync(settings, "{ // mine\n}\n");
    const { stdout } = await repository.capstan("init", "--schema", base, "--vscode");
    expect(stdout).toContain(`.vscode/settings.json is there and stays as it is`);
    expect(stdout).toContain(`"yaml.schemas": {"${base}/${COMBINED_SCHEMA}"`);
    expect(readFileSync(settings, "utf8")).toBe("{ // mine\n}\n");
  });
});
