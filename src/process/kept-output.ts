import { withoutCutHead } from "./redact.ts";

/** What an executable prints, as far as it is kept. */
export interface Kept {
  readonly add: (chunk: Uint8Array) => void;
  readonly text: () => string;
}

/** The first bytes: whoever needs all of it ends the executable when there are more. */
export function keepStart(maxBytes: number): Kept {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

/** The last bytes, where an error is, without the line that was cut; `total` counts all that came. */
export function keepEnd(maxBytes: number): Kept & { readonly total: () => number } {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let total = 0;
  return {
    add(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      total += chunk.length;
      if (bytes <= 2 * maxBytes) return;
      chunks = [Buffer.concat(chunks).subarray(-maxBytes)];
      bytes = maxBytes;
    },
    total: () => total,
    text() {
      const end = Buffer.concat(chunks).subarray(-maxBytes).toString("utf8");
      return total > maxBytes ? withoutCutHead(end) : end;
    },
  };
}
