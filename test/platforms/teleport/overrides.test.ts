import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openPlatform } from "../../../src/platforms/open.ts";
import type { OverrideCall, OverridePlatform } from "../../../src/platforms/platform.ts";
import type { ExecutableCall, Runner } from "../../../src/process/runner.ts";
import { certify, type Issuer, keyHash, newKeys } from "../../teleport/overrides/pki.ts";
import { type Answer, teleportCluster } from "../fake-runner.ts";

const HASH = "ab".repeat(32);
const NEWER = "usage: tctl auth update-override --type=TYPE [<flags>]\n";
const UNKNOWN: Answer = { exitCode: 1, stderr: 'ERROR: expected command but got "update-override"\n' };

/** Keeps what every call said and what was in the files that it named, which are gone afterwards. */
function recorder(answer: (line: string, command: ExecutableCall) => Answer) {
  const calls: { readonly line: string; readonly files: readonly string[] }[] = [];
  const run = async (command: ExecutableCall) => {
    const line = command.argv.slice(1).join(" ");
    const files = command.argv.flatMap((word) => {
      const file = word.replace(/^--set-\w+=/, "");
      return file.startsWith("/") ? [readFileSync(file, "utf8")] : [];
    });
    const shown = line.replaceAll(/\S*capstan-override-\w+\//g, (path) => path.replace(/[^=]*$/, ""));
    calls.push({ line: shown, files });
    const found = answer(line, command);
    const {
      stdout = "",
      stderr = "",
      exitCode = 0,
      error,
    } = typeof found === "string" ? { stdout: found } : found;
    if (error !== undefined) throw error;
    return { argv: command.argv, stdout, stderr, exitCode, durationMs: 1 };
  };
  const stream: Runner["stream"] = async (command, consume) => {
    const outcome = await run(command);
    consume(Buffer.from(outcome.stdout));
    return outcome;
  };
  return { calls, runner: { run, stream } satisfies Runner };
}

function overridesOf(runner: Runner): OverridePlatform {
  const { overrides } = openPlatform(teleportCluster("mycluster"), { runner, now: () => new Date(0) });
  if (overrides === undefined) throw new Error("Teleport has overrides");
  return overrides;
}

const about = (change: OverrideCall["change"], rest: Partial<OverrideCall> = {}): OverrideCall => ({
  authority: "db_client",
  keyHash: HASH,
  force: false,
  observed: null,
  change,
  ...rest,
});

describe("one call about one entry, with the fields that change and no other", () => {
  it.each<[string, OverrideCall, string, readonly string[]]>([
    [
      "a staged entry",
      about({ call: "create-override", certificate: "CERT", chain: ["I", "R"] }),
      "auth create-override --type=db_client --disabled cert.pem chain0.pem chain1.pem",
      ["CERT", "I", "R"],
    ],
    [
      "enable",
      about({ call: "update-override", disabled: false }),
      `auth update-override --type=db_client --public-key=${HASH} --set-disabled=false`,
      [],
    ],
    [
      "a renewed certificate, the same chain",
      about({ call: "update-override", certificate: "CERT" }),
      `auth update-override --type=db_client --public-key=${HASH} --set-cert=cert.pem`,
      ["CERT"],
    ],
    [
      "another chain",
      about({ call: "update-override", chain: ["I"] }),
      `auth update-override --type=db_client --public-key=${HASH} --set-chain=chain0.pem`,
      ["I"],
    ],
    [
      "no chain any more",
      about({ call: "update-override", certificate: "CERT", chain: [] }),
      `auth update-override --type=db_client --public-key=${HASH} --set-cert=cert.pem --clear-chain`,
      ["CERT"],
    ],
    [
      "disable what is in force",
      about({ call: "update-override", disabled: true }, { force: true }),
      `auth update-override --type=db_client --public-key=${HASH} --set-disabled=true --force`,
      [],
    ],
    [
      "delete",
      about({ call: "delete-override" }),
      `auth delete-override --type=db_client --public-key=${HASH}`,
      [],
    ],
  ])("%s", async (_, call, line, files) => {
    const { calls, runner } = recorder((said) => (said.endsWith("--help") ? NEWER : "done\n"));
    expect(await overridesOf(runner).act(call)).toMatchObject({ accepted: true });
    expect(calls.slice(1)).toEqual([{ line, files }]);
  });

  it("asks for the help of a command once", async () => {
    const { calls, runner } = recorder((said) => (said.endsWith("--help") ? NEWER : "done\n"));
    const overrides = overridesOf(runner);
    await overrides.act(about({ call: "delete-override" }));
    await overrides.act(about({ call: "delete-override" }));
    expect(calls.filter(({ line }) => line.endsWith("--help"))).toHaveLength(1);
  });
});

const CONFLICT: Answer = {
  exitCode: 1,
  stderr:
    "ERROR: resource revision does not match, it may have been concurrently created|modified|deleted; please work from the latest state, or use --force to overwrite\n",
};

describe("another write in between", () => {
  it("is tried again", async () => {
    const answers = [NEWER, CONFLICT, CONFLICT, "done\n"];
    const { calls, runner } = recorder(() => answers.shift() ?? "");
    const reply = await overridesOf(runner).act(about({ call: "delete-override" }));
    expect(reply.accepted).toBe(true);
    expect(calls).toHaveLength(4);
  });

  it("is not taken for any other refusal", async () => {
    const answers: Answer[] = [
      NEWER,
      {
        exitCode: 1,
        stderr: 'ERROR: Attempt to delete enabled override "ab" of active certificate denied.\n',
      },
    ];
    const { calls, runner } = recorder(() => answers.shift() ?? "");
    const reply = await overridesOf(runner).act(about({ call: "delete-override" }));
    expect(reply).toMatchObject({ accepted: false });
    expect(reply.message).toContain("Attempt to delete enabled override");
    expect(calls).toHaveLength(2);
  });
});

/** Teleport 18.9.0: `create` and `edit` alone, as a file that an editor changes and a revision that must fit. */
describe("a tctl without the sub-commands", () => {
  let old: Issuer;
  let next: Issuer;
  beforeAll(async () => {
    old = await certify(await newKeys(), null);
    next = await certify(await newKeys(), null);
  });

  function revisionOf(resource: unknown): unknown {
    return (resource as { metadata: { revision?: string } }).metadata.revision;
  }

  function older(stored: unknown) {
    const state = { stored };
    const recorded = recorder((line, { argv, env }) => {
      if (line.startsWith("auth ")) return UNKNOWN;
      if (line.startsWith("get ")) return JSON.stringify([state.stored]);
      if (line.startsWith("create ")) {
        if (state.stored !== null) return { exitCode: 1, stderr: "ERROR: already exists\n" };
        state.stored = JSON.parse(readFileSync(argv.at(-1) ?? "", "utf8"));
        return "created\n";
      }
      // As tctl does it: the editor's words are split at blanks, and the file comes last.
      const file = join(mkdtempSync(join(tmpdir(), "edit-test-")), "resource.yaml");
      writeFileSync(file, JSON.stringify(state.stored));
      const [editor = "", ...words] = (env?.["TELEPORT_EDITOR"] ?? "").split(" ");
      execFileSync(editor, [...words, file]);
      const edited = JSON.parse(readFileSync(file, "utf8"));
      if (revisionOf(edited) !== revisionOf(state.stored)) return CONFLICT;
      state.stored = edited;
      return "updated\n";
    });
    return { ...recorded, state };
  }

  it("creates the resource when there is none", async () => {
    const { runner, state } = older(null);
    const change = { call: "create-override", certificate: old.pem, chain: [] } as const;
    await overridesOf(runner).act(about(change, { keyHash: keyHash(old) }));
    expect(state.stored).toEqual({
      kind: "cert_authority_override",
      sub_kind: "db_client",
      version: "v1",
      metadata: { name: "mycluster" },
      spec: {
        certificate_overrides: [{ public_key: keyHash(old), certificate: old.pem, disabled: true }],
      },
    });
  });

  it("edits one entry, finds it by its certificate, and keeps all else", async () => {
    const observed = {
      kind: "cert_authority_override",
      metadata: { name: "mycluster", revision: "r1" },
      spec: { certificate_overrides: [{ certificate: old.pem }, { certificate: next.pem, disabled: true }] },
      status: { public_key_hash_to_crl: { x: { pem: "CRL" } } },
    };
    const { runner, state, calls } = older(observed);
    const overrides = overridesOf(runner);
    const enable = { call: "update-override", disabled: false } as const;
    expect((await overrides.act(about(enable, { keyHash: keyHash(next), observed }))).accepted).toBe(true);
    expect(state.stored).toEqual({
      ...observed,
      spec: { certificate_overrides: [{ certificate: old.pem }, { certificate: next.pem, disabled: false }] },
    });
    const drop = { call: "delete-override" } as const;
    await overrides.act(about(drop, { keyHash: keyHash(old), observed: state.stored }));
    expect(state.stored).toMatchObject({
      spec: { certificate_overrides: [{ certificate: next.pem, disabled: false }] },
    });
    expect(calls.some(({ line }) => line.includes("-f") && !line.startsWith("auth "))).toBe(false);
  });

  it("writes again where only the server's revocation lists moved the revision, and not over anybody's edit", async () => {
    const observed = {
      kind: "cert_authority_override",
      sub_kind: "db_client",
      metadata: { name: "mycluster", revision: "r1" },
      spec: { certificate_overrides: [{ certificate: old.pem, disabled: true }] },
    };
    const crls = { public_key_hash_to_crl: { [keyHash(old)]: { pem: "CRL" } } };
    const listed = { ...observed, metadata: { name: "mycluster", revision: "r2" }, status: crls };
    const enable = { call: "update-override", disabled: false } as const;
    const moved = older(listed);
    const call = about(enable, { keyHash: keyHash(old), observed });
    expect((await overridesOf(moved.runner).act(call)).accepted).toBe(true);
    expect(moved.state.stored).toMatchObject({
      spec: { certificate_overrides: [{ disabled: false }] },
      status: crls,
    });

    const spec = { certificate_overrides: [{ certificate: next.pem }] };
    const edited = older({ ...listed, spec });
    const reply = await overridesOf(edited.runner).act(call);
    expect(reply).toMatchObject({ accepted: false });
    expect(reply.message).toContain("revision does not match");
    expect(edited.state.stored).toMatchObject({ spec });
  });

  it("does not pretend to force", async () => {
    const { runner } = older({});
    const change = { call: "update-override", disabled: true } as const;
    await expect(overridesOf(runner).act(about(change, { force: true, observed: {} }))).rejects.toThrow(
      /needs its --force/,
    );
  });
});

describe("certificate requests", () => {
  it("waits longer than the server does for its other instances", async () => {
    let limit = 0;
    const { runner } = recorder((line, { timeoutMs }) => {
      limit = Math.max(limit, timeoutMs ?? 0);
      return line.endsWith("--help") ? NEWER : { stdout: "PEM\n", stderr: 'public key "ab": timeout\n' };
    });
    expect(await overridesOf(runner).requests("db_client", HASH)).toEqual({
      texts: ["PEM\n"],
      warnings: 'public key "ab": timeout',
    });
    expect(limit).toBeGreaterThan(5 * 60_000);
  });
});
