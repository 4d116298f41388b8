/** DER (X.690), as far as certificates need it. */
export type Der = Buffer;

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, ...contents: readonly Uint8Array[]): Der {
  const body = Buffer.concat(contents);
  const { length } = body;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

export function sequence(...parts: readonly Der[]): Der {
  return tagged(TAG.sequence, ...parts);
}

/** In the order that DER wants. */
export function set(...parts: readonly Der[]): Der {
  return tagged(TAG.set, ...parts.toSorted(Buffer.compare));
}

export function octets(bytes: Uint8Array): Der {
  return tagged(TAG.octetString, bytes);
}

export function bits(bytes: Uint8Array, unused = 0): Der {
  return tagged(TAG.bitString, Buffer.from([unused]), bytes);
}

/** Of bytes whose first bit is clear. */
export function positive(bytes: Uint8Array): Der {
  return tagged(TAG.integer, bytes);
}

export const TRUE: Der = tagged(TAG.boolean, Buffer.from([0xff]));
export const NULL: Der = tagged(TAG.null);

/** `2.5.4.3`, of at least two numbers. */
export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    digits.unshift(128 + (left % 128));
  }
  return digits;
}

/** As Go and OpenSSL choose the type of a text. */
export function directoryText(value: string): Der {
  const tag = /^[A-Za-z0-9 '()+,./:=?-]*$/.test(value) ? TAG.printableString : TAG.utf8String;
  return tagged(tag, Buffer.from(value));
}

/** Whole seconds; from 2050 on the year has four digits (RFC 5280, 4.1.2.5). */
export function certificateTime(date: Date): Der {
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2)))
    : tagged(TAG.generalizedTime, Buffer.from(digits));
}
