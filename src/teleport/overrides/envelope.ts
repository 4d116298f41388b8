import { distance } from "fastest-levenshtein";
import { type Fields, isFields, textOf } from "../../foreign-value.ts";
import { OVERRIDABLE_TYPES, OVERRIDE_KIND, OVERRIDE_VERSION } from "./ca-override.ts";
import type { OverrideFinding } from "./override-finding.ts";

/** The resource around its entries, as far as it can be used. */
export interface Envelope {
  readonly cluster: string;
  readonly type: string;
  readonly items: readonly unknown[];
  readonly crls: Fields;
  readonly readable: boolean;
}

/** Checks the envelope (reference 2.2), and unknown fields, which tctl refuses before it sends anything. */
export function readEnvelope(document: unknown, found: OverrideFinding[]): Envelope {
  if (!isFields(document)) {
    found.push({
      severity: "error",
      code: "document-invalid",
      where: "",
      message: "is not a resource",
      remedy: `give a mapping with kind: ${OVERRIDE_KIND}`,
      serverText: "ca override required",
    });
    return { cluster: "", type: "", items: [], crls: {}, readable: false };
  }
  const metadata = isFields(document["metadata"]) ? document["metadata"] : null;
  const spec = isFields(document["spec"]) ? document["spec"] : null;
  const status = isFields(document["status"]) ? document["status"] : {};
  found.push(
    ...unknownFields(document, "", ["kind", "sub_kind", "version", "metadata", "spec", "status"]),
    ...unknownFields(metadata ?? {}, "metadata", METADATA_FIELDS),
    ...unknownFields(spec ?? {}, "spec", ["certificate_overrides"]),
  );
  const envelope = { document, metadata, spec };
  for (const { severity = "error", where, violated, ...rule } of ENVELOPE) {
    if (!violated(envelope)) continue;
    const { code, message, remedy, serverText } = rule;
    found.push({
      severity,
      code,
      where,
      message: message(envelope),
      remedy: remedy(envelope),
      ...(serverText === undefined ? {} : { serverText: serverText(envelope) }),
    });
  }
  const list = spec?.["certificate_overrides"] ?? [];
  const crls = status["public_key_hash_to_crl"];
  return {
    cluster: textOf(metadata?.["name"]),
    type: textOf(document["sub_kind"]),
    items: Array.isArray(list) ? list : [],
    crls: isFields(crls) ? crls : {},
    readable: spec !== null && Array.isArray(list),
  };
}

interface RawEnvelope {
  readonly document: Fields;
  readonly metadata: Fields | null;
  readonly spec: Fields | null;
}

interface EnvelopeRule extends Pick<OverrideFinding, "code" | "where"> {
  readonly severity?: OverrideFinding["severity"];
  readonly violated: (envelope: RawEnvelope) => boolean;
  readonly message: (envelope: RawEnvelope) => string;
  readonly remedy: (envelope: RawEnvelope) => string;
  readonly serverText?: (envelope: RawEnvelope) => string;
}

const METADATA_FIELDS = ["name", "namespace", "description", "labels", "expires", "revision"];

const typeOf = ({ document }: RawEnvelope): string => textOf(document["sub_kind"]);
const isOverridable = (type: string): boolean => (OVERRIDABLE_TYPES as readonly string[]).includes(type);
/** Allowed by newer servers, without proof that it works (reference 4). */
const UNPROVEN = "spiffe-tls";

/** In the server's order (reference 2.2); what the server ignores comes last. */
const ENVELOPE: readonly EnvelopeRule[] = [
  {
    code: "kind-invalid",
    where: "kind",
    violated: ({ document }) => document["kind"] !== OVERRIDE_KIND,
    message: ({ document }) => `is ${quoted(document["kind"])}`,
    remedy: () => `write ${OVERRIDE_KIND}`,
    serverText: ({ document }) => `invalid kind: ${quoted(document["kind"])}`,
  },
  {
    code: "type-unsupported",
    where: "sub_kind",
    violated: (envelope) => !isOverridable(typeOf(envelope)) && typeOf(envelope) !== UNPROVEN,
    message: (envelope) => `is ${quoted(typeOf(envelope))}, a CA type that Teleport cannot override`,
    remedy: (envelope) => {
      const api = typeOf(envelope).replaceAll("-", "_");
      return isOverridable(api) ? `write ${api}` : `write one of ${OVERRIDABLE_TYPES.join(", ")}`;
    },
    serverText: (envelope) =>
      typeOf(envelope) === ""
        ? "ca_override.sub_kind required"
        : `invalid or unsupported sub_kind/caType: ${quoted(typeOf(envelope))}`,
  },
  {
    code: "type-unproven",
    where: "sub_kind",
    severity: "warning",
    violated: (envelope) => typeOf(envelope) === UNPROVEN,
    message: () => "is spiffe-tls, which only newer servers take, and nobody has shown that it works",
    remedy: () => "use workload_identity_x509_issuer_override for SPIFFE until Teleport documents this type",
  },
  {
    code: "version-invalid",
    where: "version",
    violated: ({ document }) => document["version"] !== OVERRIDE_VERSION,
    message: ({ document }) => `is ${quoted(document["version"])}`,
    remedy: () => `write ${OVERRIDE_VERSION}`,
    serverText: ({ document }) => `invalid or unsupported version: ${quoted(document["version"])}`,
  },
  {
    code: "metadata-missing",
    where: "metadata",
    violated: ({ metadata }) => metadata === null,
    message: () => "is missing",
    remedy: () => "write metadata: { name: CLUSTER }",
    serverText: () => "metadata required",
  },
  {
    code: "name-missing",
    where: "metadata.name",
    violated: ({ metadata }) => metadata !== null && textOf(metadata["name"]) === "",
    message: () => "is missing",
    remedy: () => "write the name of the cluster that owns the CA",
    serverText: () => "metadata.name/clusterName required",
  },
  {
    code: "spec-missing",
    where: "spec",
    violated: ({ document }) => document["spec"] === undefined || document["spec"] === null,
    message: () => "is missing",
    remedy: () => "write `spec: { certificate_overrides: [] }` to override nothing",
    serverText: () => "spec required",
  },
  {
    code: "wrong-type",
    where: "spec.certificate_overrides",
    violated: ({ document, spec }) =>
      (spec === null && (document["spec"] ?? null) !== null) ||
      !Array.isArray(spec?.["certificate_overrides"] ?? []),
    message: () => "is not a list",
    remedy: () => "write a list of entries, one per public key",
  },
  {
    code: "expires-set",
    where: "metadata.expires",
    severity: "warning",
    violated: ({ metadata }) => (metadata?.["expires"] ?? null) !== null,
    message: () => "is set: nobody documents what happens to the CA when an override resource expires",
    remedy: () => "remove it",
  },
  {
    code: "revision-present",
    where: "metadata.revision",
    severity: "info",
    violated: ({ metadata }) => textOf(metadata?.["revision"]) !== "",
    message: () => "changes on every write, also on the server's own CRL writes; capstan leaves it out",
    remedy: () => "remove it: with it, `tctl edit` fails as soon as it is stale",
  },
  {
    code: "status-present",
    where: "status",
    severity: "warning",
    violated: ({ document }) => (document["status"] ?? null) !== null,
    message: () => "is the server's part of the resource; capstan leaves it out",
    remedy: () => "remove it, or keep the file as a backup outside the desired state",
  },
];

/** A value as the server quotes it: nothing at all is an empty text. */
export function quoted(value: unknown): string {
  return `"${typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value)}"`;
}

/**
 * A finding for each field that is not known, with the nearest one that is. `where` is empty for the top
 * level.
 */
export function unknownFields(
  fields: Fields,
  where: string,
  known: readonly string[],
): readonly OverrideFinding[] {
  return Object.keys(fields)
    .filter((field) => !known.includes(field))
    .map((field) => {
      const nearest = known.reduce((best, next) =>
        distance(next, field) < distance(best, field) ? next : best,
      );
      const close = distance(nearest, field) <= Math.max(2, field.length / 3);
      return {
        severity: "error",
        code: "unknown-field",
        where: where === "" ? field : `${where}.${field}`,
        message: "is not a field of this resource",
        remedy: close ? `did you mean ${nearest}?` : `remove it; the fields here are ${known.join(", ")}`,
        serverText: `unknown field "${field}"`,
      };
    });
}
