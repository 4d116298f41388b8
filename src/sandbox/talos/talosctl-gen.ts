import { createHash, X509Certificate } from "node:crypto";
import { access, readFile, writeFile } from "node:fs/promises";
import { parse } from "yaml";
import { issue, mintAuthority, YEAR_HOURS } from "./certificates.ts";
import type { CliWorld } from "./cli.ts";
import { type Flags, UsageError } from "./cli-flags.ts";
import { makeSecrets, printSecrets } from "./secrets-bundle.ts";
import { talosconfigText } from "./talosconfig.ts";
import { absolute, reason } from "./talosctl-client.ts";
import { branch, decode, text } from "./values.ts";

/** `talosctl gen`: offline (TA 3.4, 3.5). */
export async function gen(world: CliWorld, flags: Flags): Promise<void> {
  const [, what = ""] = flags.words;
  if (what === "secrets") await genSecrets(world, flags);
  else if (what === "ca") await genAuthority(world, flags);
  else if (what === "config") await genConfig(world, flags);
  else throw new UsageError(`unknown command ${JSON.stringify(what)} for "talosctl gen"`);
}

async function genSecrets(world: CliWorld, flags: Flags): Promise<void> {
  await deliver(
    world,
    flags,
    flags.text("output") ?? "secrets.yaml",
    printSecrets(await makeSecrets(Date.now())),
  );
}

/** Ed25519 or RSA, no ECDSA: of no use for the Kubernetes CA. */
async function genAuthority(world: CliWorld, flags: Flags): Promise<void> {
  const organization = flags.text("organization");
  if (organization === undefined) throw new UsageError(`required flag(s) "organization" not set`);
  const { crt, key } = await mintAuthority("talos", {
    now: Date.now(),
    organization,
    hours: Number(flags.text("hours") ?? 10 * YEAR_HOURS),
    algorithm: flags.on("rsa") ? "RSA" : "Ed25519",
  });
  const spki = new X509Certificate(crt).publicKey.export({ type: "spki", format: "der" });
  await deliver(world, flags, `${organization}.crt`, crt);
  await deliver(
    world,
    flags,
    `${organization}.sha256`,
    `sha256:${createHash("sha256").update(spki).digest("hex")}`,
  );
  await deliver(world, flags, `${organization}.key`, key);
}

/** Only the client configuration, from a given bundle. */
async function genConfig(world: CliWorld, flags: Flags): Promise<void> {
  const [, , context, endpoint] = flags.words;
  if (context === undefined || endpoint === undefined)
    throw new UsageError("accepts 2 arg(s), received fewer");
  const types = flags.list("output-types");
  const bundleFile = flags.text("with-secrets");
  if (types.join() !== "talosconfig" || bundleFile === undefined) {
    throw new Error("the sandbox only generates with --output-types talosconfig and --with-secrets");
  }
  const source = await readFile(absolute(world, bundleFile), "utf8").catch((error: unknown) => {
    throw new Error(`failed to load secrets bundle: open ${bundleFile}: ${reason(error)}`);
  });
  const pair = branch(branch(branch(parse(source))["certs"])["os"]);
  const authority = { crt: decode(text(pair["crt"])), key: decode(text(pair["key"])) };
  const client = await issue(authority, {
    organizations: ["os:admin"],
    usage: "clientAuth",
    now: Date.now(),
    hours: YEAR_HOURS,
  });
  const made = talosconfigText({ context, endpoints: [], ca: authority.crt, ...client });
  await deliver(world, flags, flags.text("output") ?? "talosconfig", made);
}

async function deliver(world: CliWorld, flags: Flags, path: string, content: string): Promise<void> {
  if (path === "-") {
    world.out(content);
    return;
  }
  const file = absolute(world, path);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists && !flags.on("force")) {
    throw new Error(`file ${JSON.stringify(path)} already exists, use --force to overwrite`);
  }
  await writeFile(file, content, { mode: 0o600 });
}
