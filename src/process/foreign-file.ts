import { createReadStream } from "node:fs";

/** A run of hundreds of clusters writes less; a device or a pipe has no end. */
const LARGEST = 128 * 1024 * 1024;

/** The text of a file that anybody may have named or written, within a bound. */
export async function readForeignFile(path: string): Promise<string> {
  return await readForeignStream(createReadStream(path));
}

/** The text of a stream, such as standard input, within the same bound. */
export async function readForeignStream(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    const chunk = Buffer.from(part);
    size += chunk.length;
    if (size > LARGEST) throw new Error(`it is larger than ${LARGEST / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
