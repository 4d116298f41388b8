import { access, writeFile } from "node:fs/promises";
import { parseGoDuration } from "../go-duration.ts";
import { text } from "../values.ts";
import type { CliWorld } from "./cli.ts";
import { type CobraFlags, UsageError } from "./cli-flags.ts";
import { readCertificate } from "./go-pem.ts";
import { organizationsOf } from "./go-verify.ts";
import { makeTalosconfig } from "./talosconfig.ts";
import { absolute, openCurrent } from "./talosctl-client.ts";
import { type TalosctlCommand, withClient } from "./talosctl-command.ts";

const ROLES = [
  "os:admin",
  "os:operator",
  "os:reader",
  "os:etcd:backup",
  "os:image:verifier",
  "os:meta:writer",
  "os:impersonator",
];

export const config: TalosctlCommand = {
  flags: {
    output: { kind: "text", short: "o" },
    roles: { kind: "list" },
    "crt-ttl": { kind: "text" },
  },
  async run(world, flags) {
    const [, action = ""] = flags.words;
    if (action === "info") await info(world, flags);
    else if (action === "new") await create(world, flags);
    else throw new UsageError(`unknown command ${JSON.stringify(action)} for "talosctl config"`);
  },
};

/** Of the context that is asked for, under the name of the current one: as talosctl does it. */
async function info(world: CliWorld, flags: CobraFlags): Promise<void> {
  const { current, context } = await openCurrent(world, flags);
  const certificate = readCertificate(context.crt);
  const roles = organizationsOf(certificate).toSorted();
  const notAfter = new Date(Date.parse(certificate.validTo));
  const days = Math.round((notAfter.getTime() - Date.now()) / 86_400_000);
  const ttl = days >= 364 ? "1 year from now" : days >= 0 ? `${days} days from now` : `${-days} days ago`;
  const certNotAfter = notAfter.toISOString().slice(0, 10);
  if (flags.text("output") === "json") {
    const some = (values: readonly string[]) => (values.length === 0 ? null : values);
    const { nodes, endpoints } = context;
    const shown = { context: current, nodes: some(nodes), endpoints: some(endpoints), roles };
    world.out(`${JSON.stringify({ ...shown, certTTL: ttl, certNotAfter }, null, 2)}\n`);
    return;
  }
  const joined = (values: readonly string[]): string =>
    values.length === 0 ? "not defined" : values.join(", ");
  world.out(
    `Current context:     ${current}\nNodes:               ${joined(context.nodes)}\nEndpoints:           ${joined(context.endpoints)}\nRoles:               ${joined(roles)}\nCertificate expires: ${ttl} (${certNotAfter})\n`,
  );
}

/** Signed by the server, with its issuing CA. */
async function create(world: CliWorld, flags: CobraFlags): Promise<void> {
  const [, , path = "talosconfig"] = flags.words;
  const roles = flags.list("roles").length > 0 ? flags.list("roles") : ["os:admin"];
  const unknown = roles.filter((role) => !ROLES.includes(role));
  if (unknown.length > 0) throw new Error(`unknown roles: ${unknown.join(", ")}`);
  const ttlMs = parseGoDuration(flags.text("crt-ttl") ?? "8760h");
  if (ttlMs === null) throw new UsageError(`invalid argument for "--crt-ttl" flag`);
  await withClient(world, flags, async (client) => {
    const node = client.oneNode("talosconfig");
    const file = absolute(world, path);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) throw new Error(`talosconfig file already exists: ${JSON.stringify(path)}`);
    const answer = await client.call(node, "GenerateClientConfiguration", {
      roles,
      hours: ttlMs / 3_600_000,
    });
    const made = makeTalosconfig({
      context: client.context.name,
      endpoints: client.endpoints,
      ca: text(answer["ca"]),
      crt: text(answer["crt"]),
      key: text(answer["key"]),
    });
    await writeFile(file, made, { mode: 0o600, flag: "wx" });
  });
}
