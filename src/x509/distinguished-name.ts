/** One attribute of a distinguished name, as it stands in the DER. */
interface NameAttribute {
  /** Dotted OID. */
  readonly type: string;
  readonly value: string;
}

/** A distinguished name: RDNs in DER order, each with its attributes in DER order. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** OID of the attribute O. */
export const ORGANIZATION = "2.5.4.10";

/** Go's field order; it prints them backwards, several values of one type joined by `+`. */
const PRINTED: readonly (readonly [oid: string, short: string, single: boolean])[] = [
  ["2.5.4.6", "C", false],
  ["2.5.4.8", "ST", false],
  ["2.5.4.7", "L", false],
  ["2.5.4.9", "STREET", false],
  ["2.5.4.17", "POSTALCODE", false],
  [ORGANIZATION, "O", false],
  ["2.5.4.11", "OU", false],
  ["2.5.4.3", "CN", true],
  ["2.5.4.5", "SERIALNUMBER", true],
];

/**
 * The name as Go's `pkix.Name.String` has it, which is what Teleport compares: string encodings and the order
 * of different attributes do not matter, the order of equal ones does. (Go prints the values of attributes it
 * does not know as hex; here they stay readable, which compares alike.)
 */
export function printedName(name: DistinguishedName): string {
  const attributes = name.flat();
  const known = new Set(PRINTED.map(([oid]) => oid));
  const foreign = attributes
    .filter(({ type }) => !known.has(type))
    .map(({ type, value }) => `${type}=${escaped(value)}`);
  const fields = PRINTED.flatMap(([oid, short, single]) => {
    const values = valuesOf(name, oid);
    if (values.length === 0) return [];
    return [(single ? values.slice(-1) : values).map((value) => `${short}=${escaped(value)}`).join("+")];
  });
  return [...foreign, ...fields].reverse().join(",");
}

/** The values of one attribute, by its OID, in DER order. */
export function valuesOf(name: DistinguishedName, type: string): readonly string[] {
  return name.flat().flatMap((attribute) => (attribute.type === type ? [attribute.value] : []));
}

/** Whether two names are the same for everybody: TLS libraries mind the order that Go's printing hides. */
export function sameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function escaped(value: string): string {
  return value.replaceAll(/[,+"\\<>;]|^[ #]| $/g, "\\$&");
}

/** A name as Node prints it, with a line for each part, on one line; empty where there is none. */
export function onOneLine(name: string | undefined): string {
  return (name ?? "").replaceAll("\n", ", ");
}
