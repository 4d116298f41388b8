import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafiles } from "../../delivery/bundle.ts";

/** The folder of the sources, in which the build was made. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** What the build wrote down about its bundles. */
export const metafiles: Metafiles = JSON.parse(readFileSync(join(ROOT, "build", "metafiles.json"), "utf8"));
