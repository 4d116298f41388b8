import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excerpt, plain } from "../../src/probes/result.ts";
import { ServerMessages } from "../../src/probes/tls-messages.ts";

function vector(lengthBytes: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([length, body]);
}

function message(type: number, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([type]), vector(3, ...parts)]);
}

/** Handshake messages in records of at most `size` bytes, as servers are free to split them. */
function records(handshake: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size) {
    pieces.push(Buffer.from([22, 3, 3]), vector(2, handshake.subarray(at, at + size)));
  }
  return Buffer.concat(pieces);
}

const NAMES = [Buffer.from("name one"), Buffer.from("name two")];
const FLIGHT = Buffer.concat([
  message(2, Buffer.alloc(70)),
  message(11, vector(3, vector(3, Buffer.from("leaf")), vector(3, Buffer.from("issuer")))),
  message(12, Buffer.alloc(300)),
  message(
    13,
    vector(1, Buffer.from([1, 64])),
    vector(2, Buffer.alloc(6)),
    vector(2, ...NAMES.map((name) => vector(2, name))),
  ),
  message(14),
]);

describe("what a TLS server says in the clear", () => {
  it("is read however it is cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 700 }), (size, chunk) => {
        const messages = new ServerMessages();
        const bytes = records(FLIGHT, size);
        for (let at = 0; at < bytes.length; at += chunk) messages.push(bytes.subarray(at, at + chunk));
        expect(messages.certificates).toEqual([Buffer.from("leaf"), Buffer.from("issuer")]);
        expect(messages.acceptedNames).toEqual(NAMES);
        expect(messages.complete).toBe(true);
        expect(messages.foreign).toBeNull();
      }),
    );
  });

  it("ends where encryption begins", () => {
    const messages = new ServerMessages();
    messages.push(Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1]), records(FLIGHT, 500)]));
    expect(messages.certificates).toBeNull();
  });

  it("may be an alert", () => {
    const messages = new ServerMessages();
    messages.push(Buffer.from([21, 3, 3, 0, 2, 2, 70]));
    expect(messages.alert).toBe("protocol_version");
  });

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const messages = new ServerMessages();
        for (const chunk of chunks) messages.push(Buffer.from(chunk));
      }),
    );
    fc.assert(
      fc.property(fc.nat(FLIGHT.length - 1), fc.nat(255), (at, value) => {
        const broken = Buffer.from(FLIGHT);
        broken[at] = value;
        new ServerMessages().push(records(broken, 100));
      }),
    );
  });

  it("is not kept when it claims to be endless", () => {
    const messages = new ServerMessages();
    messages.push(Buffer.concat([Buffer.from([22, 3, 3, 0, 4, 11, 255, 255, 255]), records(FLIGHT, 500)]));
    expect(messages.certificates).toBeNull();
  });
});

describe("bytes of a stranger in a message", () => {
  it("are plain ASCII and short", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(excerpt(bytes)).toMatch(/^"[\x20-\x7e]*"(\.\.\.)?$/);
      }),
    );
    expect(plain("CN=a\u001b[2Jb, O=c")).toBe("CN=a\\u001b[2Jb, O=c");
    expect(plain("A".repeat(300))).toBe(`${"A".repeat(200)}...`);
  });
});
