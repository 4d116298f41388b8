import { fileURLToPath } from "node:url";

/** A program of the sandbox: out of the bundle, or out of the sources when those run. */
export function entry(name: "daemon" | "tctl-shim"): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`./${name}.${extension}`, import.meta.url));
}
