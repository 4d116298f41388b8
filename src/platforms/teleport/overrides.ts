import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../failure.ts";
import { fieldsOf, textOf } from "../../foreign-value.ts";
import { elementsOf } from "../../listings/json-stream.ts";
import { shown } from "../../process/runner.ts";
import type { TeleportConnection } from "../../teleport/resources/connection.ts";
import type { OverrideCall, OverridePlatform, PlatformOptions, TransitionReply } from "../platform.ts";
import {
  CA_OVERRIDES,
  createCommand,
  editOverrideCommand,
  getCommand,
  type OverrideCommand,
  overrideCommand,
  overrideHelpCommand,
} from "./commands.ts";
import { editedResource } from "./edited-override.ts";
import { explain } from "./errors.ts";
import { askForChange } from "./reply.ts";

/** Newer servers ask the other auth instances to sign and wait up to five minutes for them (reference 3.2). */
const REQUESTS_TIMEOUT_MS = 6 * 60_000;

/** Background writes of revocation lists are many right after a change, and each is over in a moment. */
const CONFLICT_PAUSES_MS = [200, 400, 800, 1600, 3200];

/** Entry actions through `tctl` (reference teleport-overrides 3). Never `create -f`: it skips every check. */
export function teleportOverrides(
  cluster: string,
  connection: TeleportConnection,
  options: PlatformOptions,
): OverridePlatform {
  const known = new Map<OverrideCommand, Promise<boolean>>();
  const hasCommand = (command: OverrideCommand): Promise<boolean> => {
    const answer = known.get(command) ?? askForHelp(connection, options, command);
    known.set(command, answer);
    return answer;
  };
  return {
    act: async (call) => {
      if (options.signal?.aborted) {
        throw new Failure("interrupted", `Stopped before the override ${call.keyHash} was changed.`);
      }
      // No sub-command makes an entry without a certificate.
      const keyOnly = call.change.call === "create-override" && call.change.certificate === null;
      const entryWise = !keyOnly && (await hasCommand(call.change.call));
      await call.confirm?.();
      return await inFolder((folder) =>
        entryWise
          ? byCommand(connection, options, call, folder)
          : byEdit(cluster, connection, options, call, folder),
      );
    },
    requests: async (authority, keyHash) => {
      if (!(await hasCommand("create-override-csr"))) {
        throw new Failure("executable", `This tctl cannot make certificate requests for ${authority}.`, {
          hint: "upgrade server and tctl to Teleport Enterprise 18.9 or later: CA overrides need it on both",
        });
      }
      const rest = keyHash === null ? [] : [`--public-key=${keyHash}`];
      const argv = overrideCommand(connection, "create-override-csr", authority, rest);
      const outcome = await options.runner.run({
        argv,
        timeoutMs: REQUESTS_TIMEOUT_MS,
        signal: options.signal,
      });
      if (outcome.exitCode !== 0) throw explain(outcome).failure;
      return { texts: [outcome.stdout], warnings: outcome.stderr.trim() };
    },
  };
}

async function askForHelp(
  connection: TeleportConnection,
  { runner, signal }: PlatformOptions,
  command: OverrideCommand,
): Promise<boolean> {
  const outcome = await runner.run({ argv: overrideHelpCommand(connection, command), signal });
  // Kingpin prints the help of the parent for a word that it does not know in some versions: look for the flag.
  return outcome.exitCode === 0 && `${outcome.stdout}${outcome.stderr}`.includes("--type");
}

async function byCommand(
  connection: TeleportConnection,
  options: PlatformOptions,
  { authority, keyHash, force, change }: OverrideCall,
  folder: string,
): Promise<TransitionReply> {
  const key = `--public-key=${keyHash}`;
  const forced = force ? ["--force"] : [];
  switch (change.call) {
    case "create-override": {
      const files = await writePems(folder, [change.certificate ?? "", ...change.chain]);
      const rest = ["--disabled", ...forced, ...files];
      return await call(options, overrideCommand(connection, "create-override", authority, rest));
    }
    case "update-override": {
      const { certificate, chain, disabled } = change;
      const files = await writePems(folder, [certificate ?? "", ...(chain ?? [])]);
      const rest = [
        key,
        ...(certificate === undefined ? [] : [`--set-cert=${files[0]}`]),
        ...(chain?.length === 0 ? ["--clear-chain"] : files.slice(1).map((file) => `--set-chain=${file}`)),
        ...(disabled === undefined ? [] : [`--set-disabled=${disabled}`]),
        ...forced,
      ];
      return await call(options, overrideCommand(connection, "update-override", authority, rest));
    }
    case "delete-override":
      return await call(options, overrideCommand(connection, "delete-override", authority, [key, ...forced]));
  }
}

/**
 * Teleport 18.9.0 knows only `create` and `edit` (reference 1): `create` when there is no resource yet, else an edit
 * whose editor is `cp`. The text that it copies in carries the revision that was observed, so that a change by
 * somebody else in between is refused by the server instead of lost; where only revocation lists were written in
 * between, which also moves the revision (reference 2.6), it is tried again. Force does not exist on this way.
 */
async function byEdit(
  cluster: string,
  connection: TeleportConnection,
  options: PlatformOptions,
  override: OverrideCall,
  folder: string,
): Promise<TransitionReply> {
  if (override.force) {
    throw new Failure(
      "executable",
      `This tctl has no \`auth ${override.change.call}\`, and what is asked for needs its --force.`,
      { hint: "use the tctl of a newer Teleport 18, in which the auth server allows it too" },
    );
  }
  const file = join(folder, "override.json");
  const write = async (observed: unknown) => {
    const edited = await editedResource(cluster, { ...override, observed });
    await writeFile(file, `${JSON.stringify(edited, null, 2)}\n`);
  };
  await write(override.observed);
  if (override.observed === null) return await call(options, createCommand(connection, file));
  if (/\s/.test(file)) {
    throw new Failure("executable", `The temporary folder ${folder} has blanks in its name.`, {
      hint: "set TMPDIR to one without: Teleport splits the name of an editor at blanks",
    });
  }
  const editor = `cp ${file}`;
  const env = { TELEPORT_EDITOR: editor, VISUAL: editor, EDITOR: editor };
  const argv = editOverrideCommand(connection, override.authority);
  for (const pause of CONFLICT_PAUSES_MS) {
    const { reply, kind } = await askForChange(options, argv, env);
    if (kind !== "revision-conflict") return reply;
    options.notice?.(`${shown({ argv })} met another write, looking again`);
    await delay(pause);
    const latest = await readResource(connection, options, override.authority);
    // What a person wrote in between is not for this call to judge: that takes a new plan.
    if (!isDeepStrictEqual(fieldsOf(latest)["spec"], fieldsOf(override.observed)["spec"])) return reply;
    await write(latest);
  }
  return (await askForChange(options, argv, env)).reply;
}

/** The resource as it is now; `null` where there is none, or it cannot be read. */
async function readResource(
  connection: TeleportConnection,
  { runner, signal }: PlatformOptions,
  authority: string,
): Promise<unknown> {
  const outcome = await runner.run({ argv: getCommand(connection, CA_OVERRIDES), signal });
  if (outcome.exitCode !== 0) return null;
  const listed = elementsOf(outcome.stdout).map(fieldsOf);
  return listed.find((resource) => textOf(resource["sub_kind"]) === authority) ?? null;
}

/** A refusal because of the revision changed nothing, and the same call is right a moment later. */
async function call(options: PlatformOptions, argv: readonly string[]): Promise<TransitionReply> {
  for (const pause of CONFLICT_PAUSES_MS) {
    const { reply, kind } = await askForChange(options, argv);
    if (kind !== "revision-conflict") return reply;
    options.notice?.(`${shown({ argv })} met another write, trying again`);
    await delay(pause);
  }
  return (await askForChange(options, argv)).reply;
}

/** Certificates are public; they go by file because the commands take files. Blank text is no file. */
async function writePems(folder: string, pems: readonly string[]): Promise<readonly string[]> {
  const files = pems.map((_, index) => join(folder, index === 0 ? "cert.pem" : `chain${index - 1}.pem`));
  await Promise.all(pems.map((pem, index) => writeFile(files[index] ?? "", pem)));
  return files;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-override-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
