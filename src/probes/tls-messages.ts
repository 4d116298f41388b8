/**
 * Reads what a TLS server says in the clear. Up to TLS 1.2 that is its certificates and, in CertificateRequest,
 * the names of the CAs whose client certificates it accepts (RFC 5246, 7.4.2 and 7.4.4). Node's tls does not
 * expose those names (nodejs/node#40008), and in TLS 1.3 they are encrypted, so a probe asks once more in 1.2.
 */
export class ServerMessages {
  /** DER, the server's own certificate first; `null` until it came. */
  certificates: readonly Buffer[] | null = null;
  /** DER of the distinguished names; `null` while no CertificateRequest came. */
  acceptedNames: readonly Buffer[] | null = null;
  /** The server has said all that precedes encryption, so what did not come will not come. */
  complete = false;
  /** A fatal alert in the clear, `handshake_failure`. */
  alert: string | null = null;
  /** The first bytes, when they are no TLS. */
  foreign: Buffer | null = null;

  #records = Buffer.alloc(0);
  #handshake = Buffer.alloc(0);
  #deaf = false;

  /** Takes the next bytes off the wire. Never throws: what makes no sense ends the reading. */
  push(chunk: Buffer): void {
    if (this.#deaf) return;
    this.#records = Buffer.concat([this.#records, chunk]);
    while (!this.#deaf && this.#records.length >= RECORD_HEADER) {
      const type = this.#records.readUInt8(0);
      const length = this.#records.readUInt16BE(3);
      if (this.#records.readUInt8(1) !== 3 || length > MAX_RECORD) {
        this.foreign = this.#records;
        this.#deaf = true;
        return;
      }
      if (this.#records.length < RECORD_HEADER + length) return;
      this.#record(type, this.#records.subarray(RECORD_HEADER, RECORD_HEADER + length));
      this.#records = this.#records.subarray(RECORD_HEADER + length);
    }
  }

  #record(type: number, body: Buffer): void {
    if (type === 21) {
      if (body.length === 2 && body.readUInt8(0) === 2) this.alert = alertName(body.readUInt8(1));
    } else if (type === 22) {
      this.#handshake = Buffer.concat([this.#handshake, body]);
      this.#messages();
    } else {
      // Everything after ChangeCipherSpec, and application data, is encrypted.
      this.#deaf = true;
    }
  }

  #messages(): void {
    while (this.#handshake.length >= MESSAGE_HEADER) {
      const type = this.#handshake.readUInt8(0);
      const end = MESSAGE_HEADER + this.#handshake.readUIntBE(1, 3);
      if (end > MAX_MESSAGE) {
        this.#deaf = true;
        return;
      }
      if (this.#handshake.length < end) return;
      try {
        this.#message(type, new Cursor(this.#handshake.subarray(MESSAGE_HEADER, end)));
      } catch {
        this.#deaf = true;
        return;
      }
      this.#handshake = this.#handshake.subarray(end);
    }
  }

  #message(type: number, body: Cursor): void {
    if (type === 11) {
      this.certificates = body.vector(3).list(3);
    } else if (type === 13) {
      body.vector(1); // certificate types
      body.vector(2); // signature algorithms
      this.acceptedNames = body.vector(2).list(2);
    } else if (type === 14) {
      this.complete = true;
    }
  }
}

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const MAX_RECORD = 16_384 + 2_048;
const MAX_MESSAGE = 262_144;

/** Alerts that a probe meets; RFC 8446, section 6. */
const ALERTS: Readonly<Record<number, string>> = {
  40: "handshake_failure",
  42: "bad_certificate",
  46: "certificate_unknown",
  47: "illegal_parameter",
  48: "unknown_ca",
  70: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  112: "unrecognized_name",
  116: "certificate_required",
  120: "no_application_protocol",
};

function alertName(description: number): string {
  return ALERTS[description] ?? `alert ${description}`;
}

/** Vectors of TLS: a length of one to three bytes, then that many bytes. Reads past the end throw. */
class Cursor {
  #offset = 0;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  vector(lengthBytes: number): Cursor {
    return new Cursor(this.#bytes(lengthBytes));
  }

  list(lengthBytes: number): readonly Buffer[] {
    const list: Buffer[] = [];
    while (this.#offset < this.#buffer.length) list.push(this.#bytes(lengthBytes));
    return list;
  }

  #bytes(lengthBytes: number): Buffer {
    const start = this.#offset + lengthBytes;
    const end = start + this.#buffer.readUIntBE(this.#offset, lengthBytes);
    if (end > this.#buffer.length) throw new RangeError("cut off");
    this.#offset = end;
    return this.#buffer.subarray(start, end);
  }
}
