import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeTalosconfig } from "../../../src/platforms/talos/talosconfig.ts";

const HEAD = `# my contexts
context: foo # used all day
contexts:
    foo:
        endpoints:
            - 10.1.1.1
        nodes: [10.1.1.1]   # keep
        ca: AAAA
        crt: BBBB
        key: SECRET-OF-FOO
`;
const OURS = `    lab:
        endpoints: [cp.example.com, 10.0.0.2]
        ca: x # the old one
        crt: "y"
        key: z
`;
const CLIENT = { ca: "1", crt: "2", key: "3" };
const ENCODED = { ca: "MQ==", crt: "Mg==", key: "Mw==" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-talosconfig-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const at = (name: string) => ({ path: join(folder, name), roots: [folder] });
const write = (name = "config") => writeTalosconfig(at(name), "lab", ["10.9.9.9"], CLIENT);

describe("files that are written: a talosconfig of a person", () => {
  it.each([
    ["as talosctl writes it", HEAD + OURS],
    ["without a last line feed", (HEAD + OURS).trimEnd()],
    ["with line ends of Windows", (HEAD + OURS).replaceAll("\n", "\r\n")],
    ["with a comment behind it", `${HEAD}${OURS}# end\n`],
    ["without a key yet", HEAD + OURS.replace("        key: z\n", "")],
    ["with a value that is missing", HEAD + OURS.replace("key: z", "key:")],
    ["with a block scalar", HEAD + OURS.replace("ca: x # the old one", "ca: |-\n            xx")],
    ["without this context", HEAD],
    ["with a quoted name", HEAD + OURS.replace("lab", '"lab"')],
  ])("%s: the rest stays byte for byte, and the current context, too", async (_what, text) => {
    await writeFile(at("config").path, text);
    expect(await write()).toBe("foo");
    const after = await readFile(at("config").path, "utf8");
    const eol = text.includes("\r\n") ? "\r\n" : "\n";
    expect(after.startsWith(HEAD.replaceAll("\n", eol))).toBe(true);
    const read = parse(after);
    expect(read.context).toBe("foo");
    expect(read.contexts.lab).toMatchObject(ENCODED);
    expect(read.contexts.foo).toEqual(parse(text).contexts.foo);
    expect((await stat(at("config").path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["config"]);
  });

  it("one that is not there, or empty, is made", async () => {
    await write("new/config");
    await writeFile(at("empty").path, "");
    await write("empty");
    for (const name of ["new/config", "empty"]) {
      const read = parse(await readFile(at(name).path, "utf8"));
      expect(read).toEqual({ context: "lab", contexts: { lab: { endpoints: ["10.9.9.9"], ...ENCODED } } });
    }
  });

  it.each([
    ["a context twice", `${HEAD}    foo:\n        endpoints: [10.0.0.2]\n`, "line 11 is not YAML"],
    ["a tab", `${HEAD}\tx: y\n`, "is not YAML"],
    ["a second document", `${HEAD}---\ncontexts: {}\n`, "is not YAML"],
    ["the cluster's own YAML", "kind: cluster\nspec: {}\n", "it has no contexts"],
    ["a list", "- a\n", "it has no contexts"],
    ["a context in one line", `${HEAD}    lab: { ca: x, crt: y, key: z }\n`, "cannot be edited in place"],
  ])("one with a flaw is refused, and left as it is: %s", async (_what, text, said) => {
    await writeFile(at("config").path, text);
    await expect(write()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining(said) });
    expect(await readFile(at("config").path, "utf8")).toBe(text);
    expect(await readdir(folder)).toEqual(["config"]);
  });

  it("one that cannot be read is no reason to write another", async () => {
    await mkdir(at("config").path);
    await expect(write()).rejects.toThrow("it is a folder");
    await writeFile(at("locked").path, HEAD);
    await chmod(at("locked").path, 0);
    // Root reads whatever it likes.
    const readable = await readFile(at("locked").path, "utf8").then(
      () => true,
      () => false,
    );
    if (!readable) await expect(write("locked")).rejects.toThrow("cannot write");
  });

  it("never through a link, be it the file or a folder on the way", async () => {
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "config"), HEAD);
    await symlink(join(folder, "elsewhere", "config"), at("link").path);
    await symlink(join(folder, "elsewhere"), join(folder, ".capstan"));
    for (const name of ["link", ".capstan/config", ".capstan/new"])
      await expect(write(name)).rejects.toThrow("is a symbolic link");
    expect(await readFile(join(folder, "elsewhere", "config"), "utf8")).toBe(HEAD);
    expect(await readdir(join(folder, "elsewhere"))).toEqual(["config"]);
  });
});
