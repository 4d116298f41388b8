/**
 * An array of so many bytes lies among other objects (V8: `typed_array_max_size_in_heap`). What is larger has memory of
 * its own, which takes ten times as long to get: most tables are of some rows, and whoever is looked up is a column.
 */
export const FIRST_BYTES = 64;

const CHUNK_BITS = 20;
const CHUNK_BYTES = 1 << CHUNK_BITS;
const MOST_CHUNKS = 2 ** (32 - CHUNK_BITS);
const FIRST_TEXTS = FIRST_BYTES / Uint32Array.BYTES_PER_ELEMENT;
/** FNV-1a (draft-eastlake-fnv), of 32 bits. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/**
 * Texts one after the other, as UTF-8, in chunks that are never moved. A million of them are some dozens of objects; as
 * strings they were a million, and took three times the memory.
 */
export class TextColumn {
  /** Each twice as large as the one before it, up to `CHUNK_BYTES`; a text that is longer has a chunk of its own. */
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [new Uint8Array(FIRST_BYTES)];
  /** The last of them, and where the next text begins in it. */
  #chunk = this.#chunks[0] as Uint8Array<ArrayBuffer>;
  #filled = 0;
  /** Of each text the number of its chunk and its place there, in one number. */
  #starts = new Uint32Array(FIRST_TEXTS);
  #sizes = new Uint32Array(FIRST_TEXTS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(text: string): void {
    const { length: size } = text;
    let isPlain = this.#filled + size <= this.#chunk.length;
    for (let index = 0; isPlain && index < size; index += 1) {
      const code = text.charCodeAt(index);
      isPlain = code < 0x80;
      this.#chunk[this.#filled + index] = code;
    }
    if (isPlain) this.#take(size);
    else this.#addBytes(Buffer.from(text));
  }

  /** All of the other one, behind what is here; its chunks are shared, as what is in them stays. */
  append(other: TextColumn): void {
    const before = this.#chunks.length;
    for (const chunk of other.#chunks) this.#addChunk(chunk);
    for (let index = 0; index < other.#length; index += 1) {
      const chunk = before + ((other.#starts[index] as number) >>> CHUNK_BITS);
      this.#put(chunk, other.#placeOf(index), other.#sizes[index] as number);
    }
    this.#filled = this.#chunk.length;
  }

  at(index: number): string {
    const from = this.#placeOf(index);
    const { buffer, byteOffset } = this.#chunkOf(index);
    return Buffer.from(buffer, byteOffset + from, this.#sizes[index]).toString();
  }

  /** Whether both are the same, without making a text of either. */
  isSame(index: number, other: TextColumn, otherIndex: number): boolean {
    const size = this.#sizes[index] as number;
    if (other.#sizes[otherIndex] !== size) return false;
    const [bytes, otherBytes] = [this.#chunkOf(index), other.#chunkOf(otherIndex)];
    const [from, otherFrom] = [this.#placeOf(index), other.#placeOf(otherIndex)];
    for (let offset = 0; offset < size; offset += 1) {
      if (bytes[from + offset] !== otherBytes[otherFrom + offset]) return false;
    }
    return true;
  }

  /** A number of 32 bits that is the same for the same text. */
  hashAt(index: number): number {
    let hash = HASH_START;
    const bytes = this.#chunkOf(index);
    const from = this.#placeOf(index);
    const to = from + (this.#sizes[index] as number);
    for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), HASH_PRIME);
    return hash >>> 0;
  }

  #addBytes(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > this.#chunk.length) {
      const usual = Math.min(CHUNK_BYTES, 2 * this.#chunk.length);
      this.#addChunk(new Uint8Array(Math.max(usual, bytes.length)));
    }
    this.#chunk.set(bytes, this.#filled);
    this.#take(bytes.length);
  }

  /** The bytes that were written to the end are a text. */
  #take(size: number): void {
    this.#put(this.#chunks.length - 1, this.#filled, size);
    // The place of a text in its chunk has so many bits: behind a long one there is none.
    this.#filled = size > CHUNK_BYTES ? this.#chunk.length : this.#filled + size;
  }

  #addChunk(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#chunks.length === MOST_CHUNKS) throw new RangeError("a column of more than 4 GiB of text");
    this.#chunks.push(chunk);
    this.#chunk = chunk;
    this.#filled = 0;
  }

  #put(chunk: number, place: number, size: number): void {
    if (this.#length === this.#starts.length) {
      this.#starts = new Uint32Array(twice(this.#starts.buffer));
      this.#sizes = new Uint32Array(twice(this.#sizes.buffer));
    }
    this.#starts[this.#length] = chunk * CHUNK_BYTES + place;
    this.#sizes[this.#length] = size;
    this.#length += 1;
  }

  #chunkOf(index: number): Uint8Array {
    return this.#chunks[(this.#starts[index] as number) >>> CHUNK_BITS] as Uint8Array;
  }

  #placeOf(index: number): number {
    return (this.#starts[index] as number) & (CHUNK_BYTES - 1);
  }
}

/** The same bytes with room for as many again; whoever has the old ones has nothing any more. */
export function twice(buffer: ArrayBuffer): ArrayBuffer {
  return buffer.transfer(2 * buffer.byteLength);
}
