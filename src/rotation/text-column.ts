const FIRST_BYTES = 1024;
const FIRST_TEXTS = 64;
/** FNV-1a (draft-eastlake-fnv), of 32 bits. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/**
 * Texts one after the other in one buffer, as UTF-8. A million of them are two objects; as strings they were a million,
 * and took three times the memory.
 */
export class TextColumn {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Where each text ends; it begins where the one before it ends. */
  #ends = new Uint32Array(FIRST_TEXTS);
  #length = 0;
  #filled = 0;

  get length(): number {
    return this.#length;
  }

  add(text: string): void {
    this.#makeRoom(3 * text.length);
    let at = this.#filled;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#addBytes(Buffer.from(text));
        return;
      }
      this.#bytes[at] = code;
      at += 1;
    }
    this.#endAt(at);
  }

  /** All of the other one, behind what is here. */
  append(other: TextColumn): void {
    const before = this.#filled;
    this.#makeRoom(other.#filled);
    this.#bytes.set(other.#bytes.subarray(0, other.#filled), before);
    for (let index = 0; index < other.#length; index += 1) {
      this.#endAt(before + (other.#ends[index] as number));
    }
  }

  at(index: number): string {
    return Buffer.from(this.#bytes.buffer, this.#startOf(index), this.#sizeOf(index)).toString();
  }

  /** Whether both are the same, without making a text of either. */
  isSame(index: number, other: TextColumn, otherIndex: number): boolean {
    const size = this.#sizeOf(index);
    if (other.#sizeOf(otherIndex) !== size) return false;
    const [start, otherStart] = [this.#startOf(index), other.#startOf(otherIndex)];
    for (let offset = 0; offset < size; offset += 1) {
      if (this.#bytes[start + offset] !== other.#bytes[otherStart + offset]) return false;
    }
    return true;
  }

  /** A number of 32 bits that is the same for the same text. */
  hashAt(index: number): number {
    let hash = HASH_START;
    const end = this.#ends[index] as number;
    for (let at = this.#startOf(index); at < end; at += 1) {
      hash = Math.imul(hash ^ (this.#bytes[at] as number), HASH_PRIME);
    }
    return hash >>> 0;
  }

  #addBytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#filled);
    this.#endAt(this.#filled + bytes.length);
  }

  #endAt(end: number): void {
    if (this.#length === this.#ends.length) this.#ends = new Uint32Array(twice(this.#ends.buffer));
    this.#ends[this.#length] = end;
    this.#length += 1;
    this.#filled = end;
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] as number);
  }

  #sizeOf(index: number): number {
    return (this.#ends[index] as number) - this.#startOf(index);
  }

  #makeRoom(size: number): void {
    const needed = this.#filled + size;
    if (needed <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(Math.max(needed, 2 * this.#bytes.length)));
  }
}

/** The same bytes with room for as many again; whoever has the old ones has nothing any more. */
export function twice(buffer: ArrayBuffer): ArrayBuffer {
  return buffer.transfer(2 * buffer.byteLength);
}
