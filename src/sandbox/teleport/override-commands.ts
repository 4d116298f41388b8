import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { TeleportCluster } from "./cluster.ts";
import type { CommandSpec, Invocation } from "./command-line.ts";
import {
  OverrideRefusal,
  overrideKeyHash,
  type SubmittedEntry,
  strictCertificate,
} from "./override-rules.ts";
import { type StoredOverride, submittedEntry } from "./override-server.ts";
import type { OverrideSupport } from "./release.ts";
import type { TctlResource } from "./rotation-resource.ts";
import type { CallContext } from "./tctl-command.ts";

/** `tctl auth … override …`, `create` and `rm`, as the reference has them (teleport-overrides 1 and 3). */

const TYPE = { type: {} };
const FORCE = { force: { boolean: true } };

/** More than any chain has; the server counts. */
const CHAIN = Array.from({ length: 12 }, (_, index) => ({ name: `chain${index}`, required: false }));

export function overrideSpecs(support: OverrideSupport): readonly CommandSpec[] {
  switch (support) {
    case "none":
      return [];
    case "resources":
      return [csrSpec({}), ...WHOLE];
    case "entries":
      return [csrSpec({ "local-only": { boolean: true } }), ...WHOLE, ...ENTRIES];
  }
}

function csrSpec(more: CommandSpec["flags"]): CommandSpec {
  const flags = { ...TYPE, out: {}, "public-key": {}, subject: {}, ...more };
  return { path: ["auth", "create-override-csr"], flags, arguments: [] };
}

const WHOLE: readonly CommandSpec[] = [
  { path: ["auth", "pub-key-hash"], flags: { cert: {} }, arguments: [] },
  { path: ["edit"], flags: {}, arguments: [{ name: "resource", required: true }] },
  { path: ["rm"], flags: {}, arguments: [{ name: "resource", required: true }] },
];

/** Commands about one entry, since June 2026. */
const ENTRIES: readonly CommandSpec[] = [
  {
    path: ["auth", "create-override"],
    flags: { ...TYPE, ...FORCE, disabled: { boolean: true } },
    arguments: [{ name: "cert", required: true }, ...CHAIN],
  },
  {
    path: ["auth", "update-override"],
    flags: {
      ...TYPE,
      ...FORCE,
      "public-key": {},
      "set-cert": {},
      "set-chain": { repeatable: true },
      "clear-chain": { boolean: true },
      "set-disabled": {},
    },
    arguments: [],
  },
  { path: ["auth", "delete-override"], flags: { ...TYPE, ...FORCE, "public-key": {} }, arguments: [] },
];

type Run = (cluster: TeleportCluster, invocation: Invocation, call: CallContext) => Promise<string>;

export const RUN_OVERRIDE_COMMAND: Readonly<Record<string, Run>> = {
  "auth create-override-csr": async ({ overrides }, { flags }, { cwd, warn }) => {
    const type = typeOf(flags);
    const { requests, warnings } = await overrides.requests(
      type,
      flags["public-key"]?.toLowerCase() ?? null,
      flags["local-only"] === "true",
    );
    for (const warning of warnings) warn(warning);
    if (requests.length === 0) throw new OverrideRefusal("no CSRs created");
    const prefix = flags["out"];
    if (prefix === undefined) return requests.map(({ pem }) => `${pem}\n`).join("");
    return requests
      .map(({ keyHash, pem }) => {
        const file = `${prefix}${type}-${keyHash.slice(0, 8)}-csr.pem`;
        writeFileSync(resolve(cwd, file), pem);
        return `Wrote ${file}\n`;
      })
      .join("");
  },
  "auth create-override": async ({ overrides }, { flags, arguments: files }, { cwd }) => {
    const type = typeOf(flags);
    const [certificate = "", ...chain] = files.map((file) => trimmed(file, cwd));
    const how = { disabled: flags["disabled"] === "true", force: flags["force"] === "true" };
    const keyHash = await overrides.add(type, certificate, chain, how);
    return said(type, keyHash, "created");
  },
  "auth update-override": async ({ overrides }, { flags, repeated }, { cwd }) => {
    const type = typeOf(flags);
    const file = flags["set-cert"];
    const chain = repeated["set-chain"] ?? [];
    const certificate = file === undefined ? undefined : trimmed(file, cwd);
    const keyHash =
      flags["public-key"]?.toLowerCase() ??
      (certificate === undefined
        ? undefined
        : overrideKeyHash(strictCertificate(certificate, "parse certificate")));
    if (keyHash === undefined) {
      throw new OverrideRefusal("--public-key required to choose target certificate override");
    }
    const clears = flags["clear-chain"] === "true";
    if (clears && chain.length > 0) {
      throw new OverrideRefusal("--set-chain and --clear-chain cannot be set together");
    }
    const update = {
      ...(certificate === undefined ? {} : { certificate }),
      ...(clears ? { chain: [] } : chain.length > 0 ? { chain: chain.map((one) => trimmed(one, cwd)) } : {}),
      ...(flags["set-disabled"] === undefined ? {} : { disabled: flags["set-disabled"] === "true" }),
    };
    if (Object.keys(update).length === 0) {
      throw new OverrideRefusal("one of --set-* or --clear-* flags is required to update");
    }
    await overrides.update(type, keyHash, update, flags["force"] === "true");
    return said(type, keyHash, "updated");
  },
  "auth delete-override": async ({ overrides }, { flags }) => {
    const type = typeOf(flags);
    const typed = flags["public-key"] ?? "";
    await overrides.remove(type, typed.toLowerCase(), flags["force"] === "true");
    return said(type, typed, "deleted");
  },
  "auth pub-key-hash": async (_cluster, { flags }, { cwd }) =>
    `${overrideKeyHash(strictCertificate(trimmed(flags["cert"] ?? "", cwd), "parse certificate"))}\n`,
  rm: async ({ overrides }, { arguments: [reference = ""] }) => {
    const type = typeIn(reference);
    await overrides.delete(type);
    return `cert_authority_override ${type} deleted\n`;
  },
  /**
   * In two calls of the shim, as the editor runs in the terminal of whoever called: one gives the text to edit, the
   * other brings it back.
   */
  edit: async (cluster, { arguments: [reference = ""] }, { stdin }) => {
    const type = typeIn(reference);
    const { overrides, options } = cluster;
    const stored = overrides.list().find((one) => one.type === type);
    if (stored === undefined) throw new OverrideRefusal(`cert_authority_override "${type}" not found`);
    const text = stringify(overrideResource(stored, options.name), { sortMapEntries: true, lineWidth: 0 });
    if (stdin === "") return text;
    if (stdin === text) return "edit canceled, no changes made\n";
    const { sub_kind, metadata, spec } = parse(stdin) as SubmittedResource;
    await overrides.replace(sub_kind, metadata.name, spec?.certificate_overrides ?? [], metadata.revision);
    return `cert_authority_override ${sub_kind}/${metadata.name} updated\n`;
  },
};

/** `tctl create` of an override; any other kind is not for a sandbox. */
export async function createOverride(
  cluster: TeleportCluster,
  { flags, arguments: [file = "stdin"] }: Invocation,
  { cwd }: CallContext,
): Promise<string> {
  const path = resolve(cwd, file);
  const [document] = existsSync(path) ? parseAllDocuments(readFileSync(path, "utf8")) : [];
  const resource = document?.toJS() as SubmittedResource | undefined;
  if (resource?.kind !== "cert_authority_override") {
    // The real one overwrites a CA without being forced (teleport-rotation 4.3). Nobody needs that here.
    throw new OverrideRefusal(`the sandbox creates nothing from "${file}"`);
  }
  const { sub_kind, metadata, spec } = resource;
  if (resource.version !== "v1") {
    throw new OverrideRefusal(`invalid or unsupported version: "${resource.version}"`);
  }
  if (spec === undefined || spec === null) throw new OverrideRefusal("spec required");
  const force = flags["force"] === "true";
  await cluster.overrides.create(sub_kind, metadata.name, spec.certificate_overrides ?? [], force);
  return `cert_authority_override ${sub_kind}/${metadata.name} ${force ? "updated" : "created"}\n`;
}

interface SubmittedResource {
  readonly kind: string;
  readonly sub_kind: string;
  readonly version: string;
  readonly metadata: { readonly name: string; readonly revision?: string };
  readonly spec?: { readonly certificate_overrides?: readonly SubmittedEntry[] } | null;
}

/** As `tctl get ca_overrides` shows it. */
export function overrideResource(
  { type, entries, crls, revision }: StoredOverride,
  cluster: string,
): TctlResource {
  return {
    kind: "cert_authority_override",
    sub_kind: type,
    version: "v1",
    metadata: { name: cluster, revision },
    spec: { certificate_overrides: entries.map(submittedEntry) },
    status: {
      public_key_hash_to_crl: Object.fromEntries([...crls].map(([keyHash, pem]) => [keyHash, { pem }])),
    },
  };
}

function typeIn(reference: string): string {
  const [kind = "", type = ""] = reference.split("/");
  if (/^(ca_overrides?|cert_authority_overrides?)$/.test(kind) && type !== "") return type;
  throw new OverrideRefusal(`the sandbox knows only ca_overrides/TYPE here, not "${reference}"`);
}

/** Hyphens or underscores; anything else is for the server to refuse. */
function typeOf(flags: Invocation["flags"]): string {
  const type = flags["type"];
  if (type === undefined) throw new OverrideRefusal("required flag --type not provided");
  return type.replaceAll("-", "_");
}

/** These commands trim what they read, unlike `create` and `edit` (reference 2.7). */
function trimmed(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), "utf8").trim();
  } catch {
    throw new OverrideRefusal(`open ${file}: no such file or directory`);
  }
}

function said(type: string, keyHash: string, what: string): string {
  return `cert_authority_override/${type}: certificate override ${keyHash} ${what}\n`;
}
