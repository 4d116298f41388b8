import { Failure } from "../../failure.ts";
import type { ClusterRecord } from "../../rotation/record.ts";
import { keptKeys } from "../../talos/kept-keys.ts";
import type { KnownRotation } from "../../talos/rotation-keys.ts";
import { type CaCertificate, readCaCertificate, readCaCertificates } from "../../x509/ca-certificate.ts";
import { makeClient } from "../../x509/make.ts";
import { nextKey, oldKey } from "./custody.ts";
import type { Session } from "./session.ts";
import { readTalosconfig, type TalosClient, type TalosContext } from "./talosconfig.ts";

/** The client configuration that the resource names; a `Failure` where there is none, or Omni is behind it. */
export async function openContext({ connection }: Session): Promise<TalosContext> {
  const context = await readTalosconfig(connection.talosconfig, connection.context);
  if (context === null) {
    throw new Failure("denied", `there is no talosconfig ${connection.talosconfig}`, {
      hint: "name the client configuration that capstan uses in spec.talos.talosconfig",
    });
  }
  if (!context.omni) return context;
  throw new Failure("refused", `the talosconfig ${connection.talosconfig} belongs to an Omni cluster`, {
    hint: "nothing was changed; use omnictl: Omni rotates the CAs of its clusters itself",
  });
}

/**
 * Whom capstan can be towards a machine, whichever state it is in (reference talos-rotation 2.3, 5): the person's own
 * client, what was written for this phase, and clients made with the keys at hand. All of them trust the old and the
 * new CA: who is believed is proven elsewhere, with exactly one CA.
 */
export async function offerIdentities(
  session: Session,
  context: TalosContext,
  record: ClusterRecord,
): Promise<void> {
  const { connection, around } = session;
  const written =
    connection.clients.talosconfig === null || connection.clients.talosconfig === connection.talosconfig
      ? null
      : await readTalosconfig(connection.clients.talosconfig, context.name).catch(() => null);
  const declared = around.rotations
    .flatMap(({ authorities }) => authorities)
    .filter(({ type }) => type === "talos")
    .flatMap(({ next }) => (next === undefined ? [] : [next]));
  const kept = keptKeys(record).findLast(({ authority }) => authority === "talos") ?? null;
  const ca = bundle([
    ...readCaCertificates(context.ca),
    ...readCaCertificates(written?.ca ?? ""),
    ...declared.map(({ certificate }) => readCaCertificate(certificate)),
    ...(kept === null ? [] : [kept.old_certificate, kept.next_certificate].map(readCaCertificate)),
  ]);
  const made = (key: () => Promise<{ certificate: string; key: string | null } | null>) =>
    once(async (): Promise<TalosClient | null> => {
      const signing = await key().catch(() => null);
      if (signing?.key == null) return null;
      return {
        ca,
        ...(await makeClient({ certificate: signing.certificate, key: signing.key }, admin(session))),
      };
    });
  session.offer([
    async () => ({ ...context, ca }),
    async () => (written === null ? null : { ...written, ca }),
    ...declared.map((next) =>
      made(async () => ({
        certificate: next.certificate,
        key: await nextKey(asKnown(next), around, "talos"),
      })),
    ),
    made(async () =>
      kept === null
        ? null
        : { certificate: kept.old_certificate, key: await oldKey({ ...NOTHING_KNOWN, kept }, around) },
    ),
  ]);
}

const NOTHING_KNOWN: KnownRotation = {
  keys: { old: "sha256:", next: null },
  next: null,
  kept: null,
  declared: null,
  goesBack: false,
};

function asKnown(next: NonNullable<NonNullable<KnownRotation["declared"]>["next"]>): KnownRotation {
  return { ...NOTHING_KNOWN, declared: { type: "talos", retire: [], next } };
}

/** An administrator, as `os:admin` is spelled in a certificate (reference 3.5). */
export function admin(session: Session) {
  return { organization: "os:admin", now: session.now() } as const;
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Each certificate once, each with its line feed. */
function bundle(certificates: readonly CaCertificate[]): string {
  return [...new Set(certificates.map(({ pem }) => pem))].join("");
}
