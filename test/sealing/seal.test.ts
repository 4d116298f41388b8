import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateHybridIdentity, generateIdentity } from "age-encryption";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Failure } from "../../src/failure.ts";
import { type Identities, readIdentities } from "../../src/sealing/identities.ts";
import { recipientOf, seal, unseal } from "../../src/sealing/seal.ts";

const KEY = "-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQ==\n-----END ED25519 PRIVATE KEY-----\n";

let ada: Identities;
let ben: Identities;
let adas: string;
let bens: string;

beforeAll(async () => {
  ada = { keys: [await generateIdentity()], from: "SOPS_AGE_KEY" };
  ben = { keys: [await generateIdentity()], from: "SOPS_AGE_KEY_FILE (ben.txt)" };
  adas = await recipientOf(ada.keys[0] ?? "");
  bens = await recipientOf(ben.keys[0] ?? "");
});

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "capstan-sealing-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "keys.txt"), text);
  return join(folder, "keys.txt");
}

async function failureOf(action: Promise<unknown>): Promise<Failure> {
  const error = await action.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw new Error(`no Failure: ${String(error)}`);
  // The message is for everybody to see.
  const said = `${error.message} ${error.hint} ${String(error.cause)}`;
  for (const secret of [...ada.keys, ...ben.keys, "MC4CAQ"]) expect(said).not.toContain(secret);
  return error;
}

describe("what is sealed", () => {
  it("is an armored age file that shows nothing, and every recipient opens it", async () => {
    const sealed = await seal([adas, bens], KEY);
    expect(sealed).toMatch(
      /^-----BEGIN AGE ENCRYPTED FILE-----\n[A-Za-z0-9+/=\n]+\n-----END AGE ENCRYPTED FILE-----\n$/,
    );
    expect(await unseal(ada, sealed, "the key")).toBe(KEY);
    expect(await unseal(ben, sealed, "the key")).toBe(KEY);
    expect(await unseal({ keys: [...ben.keys, ...ada.keys], from: "both" }, sealed, "the key")).toBe(KEY);
  });

  it("opens with an identity of the post-quantum kind", async () => {
    const identity = await generateHybridIdentity();
    const sealed = await seal([await recipientOf(identity)], KEY);
    const identities = await readIdentities({ SOPS_AGE_KEY: identity });
    expect(await unseal(identities, sealed, "the key")).toBe(KEY);
  });

  it("is not opened by somebody else, who is told whose identity that is", async () => {
    const { message, hint } = await failureOf(unseal(ben, await seal([adas], KEY), "the next key of talos"));
    expect(message).toBe("the next key of talos is sealed for somebody else");
    expect(hint).toContain(bens);
  });

  it.each([
    ["cut off", (armor: string) => armor.slice(0, 120)],
    ["without its end", (armor: string) => armor.replace("-----END AGE ENCRYPTED FILE-----\n", "")],
    ["not armor at all", () => "hello"],
    ["changed in its content", (armor: string) => changedNearTheEnd(armor)],
  ])("%s is said to be broken", async (_, damage) => {
    const { message } = await failureOf(unseal(ada, damage(await seal([adas], KEY)), "the old key of talos"));
    expect(message).toMatch(/^the old key of talos cannot be opened: /);
  });

  it("is not sealed for what is no recipient", async () => {
    const typo = `${adas.slice(0, -1)}${adas.endsWith("q") ? "p" : "q"}`;
    expect((await failureOf(seal([typo], KEY))).message).toContain(typo);
    await expect(seal([], KEY)).rejects.toThrow("nobody");
  });
});

/** One byte of the encrypted part, with armor that is still fine. */
function changedNearTheEnd(armor: string): string {
  const [first = "", ...rest] = armor.trimEnd().split("\n");
  const bytes = Buffer.from(rest.slice(0, -1).join(""), "base64");
  bytes.writeUInt8((bytes.at(-5) ?? 0) ^ 1, bytes.length - 5);
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `${[first, ...lines, rest.at(-1)].join("\n")}\n`;
}

describe("identities", () => {
  it("come from both variables of SOPS, past comments and empty lines", async () => {
    const file = fileWith(`# created: today\n# public key: ${bens}\n\n${ben.keys[0]}\n`);
    const env = { SOPS_AGE_KEY: `${ada.keys[0]}\n`, SOPS_AGE_KEY_FILE: file };
    expect(await readIdentities(env)).toEqual({
      keys: [...ada.keys, ...ben.keys],
      from: `SOPS_AGE_KEY and SOPS_AGE_KEY_FILE (${file})`,
    });
  });

  it.each([
    ["none given", () => ({}), "there is no age identity"],
    ["empty variables", () => ({ SOPS_AGE_KEY: " ", SOPS_AGE_KEY_FILE: "" }), "there is no age identity"],
    [
      "a file of comments",
      () => ({ SOPS_AGE_KEY_FILE: fileWith("# nothing\n") }),
      "there is no age identity in",
    ],
    ["a file that is not there", () => ({ SOPS_AGE_KEY_FILE: "/nowhere/keys.txt" }), "ENOENT"],
    ["a folder", () => ({ SOPS_AGE_KEY_FILE: tmpdir() }), "EISDIR"],
    [
      "a damaged line",
      () => ({ SOPS_AGE_KEY: `# x\n${ada.keys[0]}!\n` }),
      "line 2 of SOPS_AGE_KEY is no age",
    ],
    [
      "an SSH key",
      () => ({ SOPS_AGE_KEY: "-----BEGIN OPENSSH PRIVATE KEY-----\n" }),
      "line 1 of SOPS_AGE_KEY",
    ],
  ])("%s: refused", async (_, env, words) => {
    expect((await failureOf(readIdentities(env()))).message).toContain(words);
  });

  it("with a typing error: told by its number, not shown", async () => {
    const identity = ada.keys[0] ?? "";
    const wrong = identity.slice(0, -1) + (identity.endsWith("Q") ? "P" : "Q");
    const identities = await readIdentities({ SOPS_AGE_KEY: wrong });
    const failure = await failureOf(unseal(identities, await seal([adas], KEY), "the key"));
    expect(failure.message).toBe("identity 1 of SOPS_AGE_KEY is not a valid one");
    expect(`${failure.message}${failure.hint}`).not.toContain(wrong);
  });
});
