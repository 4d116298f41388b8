/** One value of DER. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length, as it stands. */
  readonly whole: Buffer;
}

/** Tags of what is in a certificate (X.680, 8.4; of a constructed one with its bit). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const TRUE = Buffer.from([0xff]);

/** The values of a text of DER, one after the other. Throws for anything that is not DER, and for tags of several bytes. */
export function derValues(der: Buffer): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = byteAt(der, at);
    if ((tag & 0x1f) === 0x1f) throw new Error("a tag of several bytes");
    let length = byteAt(der, at + 1);
    let from = at + 2;
    if (length >= 0x80) {
      const bytes = length - 0x80;
      if (bytes < 1 || bytes > 4 || from + bytes > der.length) throw new Error("a length that is no length");
      length = der.readUIntBE(from, bytes);
      if (length < 0x80 || length < 2 ** (8 * (bytes - 1))) throw new Error("a length longer than it needs");
      from += bytes;
    }
    if (from + length > der.length) throw new Error("a value that ends too early");
    values.push({ tag, content: der.subarray(from, from + length), whole: der.subarray(at, from + length) });
    at = from + length;
  }
  return values;
}

/** What is in a value of this tag; for one of another tag, or none, it throws. */
export function derInside(value: DerValue | undefined, tag: number): readonly DerValue[] {
  return derValues(derContent(value, tag));
}

/** The content of a value of this tag; for one of another tag, or none, it throws. */
export function derContent(value: DerValue | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw new Error("another tag");
  return value.content;
}

/** Whether a value is the boolean that is true; it is false only by default, and not written. */
export function derIsTrue(value: DerValue | undefined): boolean {
  return derContent(value, TAG.boolean).equals(TRUE);
}

/** An OID with dots. Throws where an arc is written with more bytes than it needs, or has more than 28 bits. */
export function derOid(value: DerValue | undefined): string {
  const bytes = derContent(value, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  let length = 0;
  for (const byte of bytes) {
    if (length === 0 && byte === 0x80) throw new Error("an arc longer than it needs");
    arc = arc * 0x80 + (byte & 0x7f);
    length += 1;
    if (byte < 0x80) {
      if (length > 4) throw new Error("an arc that is too large");
      arcs.push(arc);
      arc = 0;
      length = 0;
    }
  }
  const [first, ...rest] = arcs;
  if (first === undefined || length > 0) throw new Error("an OID without its end");
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join(".");
}

function byteAt(der: Buffer, at: number): number {
  const byte = der[at];
  if (byte === undefined) throw new Error("a value that ends too early");
  return byte;
}
