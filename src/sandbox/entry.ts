import { fileURLToPath } from "node:url";

/**
 * The folder that the sandbox has to itself, among the sources and in what is built from them. The product, bundled
 * beside it, holds this file too.
 */
export const SANDBOX_FOLDER = new URL(
  /\/sandbox\/[^/]+$/.test(import.meta.url) ? "./" : "./sandbox/",
  import.meta.url,
);

/** A program of the sandbox: out of its bundle, or out of the sources when those run. */
export function entry(name: "daemon" | "tctl-shim"): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`${name}.${extension}`, SANDBOX_FOLDER));
}
