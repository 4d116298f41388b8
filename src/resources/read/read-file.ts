import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../model/desired.ts";
import { codeOf, reasonOf } from "./find-files.ts";
import { complain, diagnosticOfFile, type SourceFile, sourceFile } from "./source-file.ts";

/** Far more than a hand-written file needs; a larger one is something else, or an attack. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Reads one file as strict UTF-8, a byte order mark included: edits give back every other byte as it was. */
export async function readSourceFile(folder: string, path: string): Promise<SourceFile | Diagnostic> {
  try {
    const { size } = await stat(join(folder, path));
    if (size > MAX_FILE_BYTES) return diagnosticOfFile(path, tooLarge(size));
    return sourceFromBytes(path, await readFile(join(folder, path)));
  } catch (error) {
    const message = `cannot be read (${reasonOf(error)})`;
    return diagnosticOfFile(
      path,
      complain(message, codeOf(error) === "EACCES" ? "check its permissions" : null),
    );
  }
}

/** The text of a file, wherever its bytes come from; what stands in its place is no text of it. */
export function sourceFromBytes(path: string, bytes: Uint8Array): SourceFile | Diagnostic {
  if (bytes.length > MAX_FILE_BYTES) return diagnosticOfFile(path, tooLarge(bytes.length));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return isPointer(text) ? diagnosticOfFile(path, POINTER) : sourceFile(path, text);
  } catch {
    return notUtf8(path, Buffer.from(bytes));
  }
}

/** What Git LFS keeps in git in place of a file (git-lfs, docs/spec.md: `version` is the first line). */
export function isPointer(text: string): boolean {
  return /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(text);
}

const POINTER = complain(
  "is a pointer of Git LFS in place of the file: what it holds is not in git",
  "keep resources out of Git LFS: take the pattern out of .gitattributes, then `git add --renormalize`",
);

/** The complaint about a file that is larger than any that people write. */
export function tooLarge(size: number) {
  const mib = (size / MAX_FILE_BYTES).toFixed(1).replace(/\.0$/, "");
  return complain(
    `is ${mib} MiB, more than the 1 MiB that a file of resources may have; it was not read`,
    "split it, or keep it outside the folder of the resources",
  );
}

function notUtf8(path: string, bytes: Buffer): Diagnostic {
  const utf16 = bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfeff || bytes.readUInt16BE(0) === 0xfffe);
  // Decoded with replacements and encoded again, the first byte that differs is the first that was replaced.
  const again = Buffer.from(bytes.toString("utf8"), "utf8");
  let bad = 0;
  while (bad < bytes.length && bytes[bad] === again[bad]) bad += 1;
  const before = bytes.subarray(0, bad);
  const lineStart = before.lastIndexOf(0x0a) + 1;
  let line = 1;
  for (let at = before.indexOf(0x0a); at >= 0; at = before.indexOf(0x0a, at + 1)) line += 1;
  const column = before.subarray(lineStart).toString("utf8").length + 1;
  return diagnosticOfFile(
    path,
    complain(
      utf16 ? "is not UTF-8: it looks like UTF-16" : `is not UTF-8: byte 0x${hex(bytes[bad])} here`,
      "save it as UTF-8",
    ),
    { line, column },
  );
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, "0").toUpperCase();
}
