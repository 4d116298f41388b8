/**
 * What goes over the loopback ports of the sandbox: frames of a type, a length and a payload. The daemon takes one request
 * a connection; a machine of Talos, inside TLS, says that it is ready and then answers calls. Free of imports, as every
 * run of an emulated executable loads it.
 */
export const FRAME = {
  request: 0,
  stdout: 1,
  stderr: 2,
  exit: 3,
  answer: 4,
  problem: 5,
  /** A machine: ready, or whom it refuses. */
  preface: 6,
} as const;

const LAST_TYPE = FRAME.preface;

export const INFO_FILE = "sandbox.json";

const HEADER_BYTES = 5;

export function encodeFrame(type: number, payload: string | Uint8Array): Buffer {
  const body = Buffer.from(payload);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, HEADER_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames. What is none, as from somebody else's port, comes at once, as one of its own. */
export function frameReader(onFrame: (type: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    // Joined only when a whole frame has come, so that a large one is not copied over and over.
    while (size >= HEADER_BYTES) {
      let first = chunks[0];
      if (first === undefined || first.length < HEADER_BYTES) {
        first = Buffer.concat(chunks);
        chunks = [first];
      }
      if (first.readUInt8(0) > LAST_TYPE) {
        onFrame(first.readUInt8(0), first);
        chunks = [];
        size = 0;
        return;
      }
      const length = HEADER_BYTES + first.readUInt32BE(1);
      if (size < length) return;
      const all = chunks.length === 1 ? first : Buffer.concat(chunks);
      const rest = all.subarray(length);
      chunks = rest.length === 0 ? [] : [rest];
      size = rest.length;
      onFrame(all.readUInt8(0), all.subarray(HEADER_BYTES, length));
    }
  };
}
