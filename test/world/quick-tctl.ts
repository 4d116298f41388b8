import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const QUICK = join(import.meta.dirname, "quick-tctl.pl");

/**
 * Node takes 80 ms to start for each call of a sandbox's `tctl`, of which a plan makes a dozen: what reads nothing and
 * edits nothing goes another way to the same daemon. Tests of the shim itself have their sandboxes otherwise.
 */
export function quicken(folder: string): void {
  const bin = join(folder, ".capstan", "sandbox", "bin");
  for (const tool of existsSync(bin) ? readdirSync(bin) : []) {
    const file = join(bin, tool);
    if (!/^tctl(-|$)/.test(tool)) continue;
    const [, call = ""] = readFileSync(file, "utf8").split("\n");
    const [, , dir = ""] = call.match(/'(?:[^']|'\\'')*'/g) ?? [];
    const quick = `exec perl '${QUICK.replaceAll("'", "'\\''")}' ${dir} ${tool} "$@"`;
    const reads = `case " $* " in *" edit "*|*" create "*|*" - "*) ;; *) ${quick} ;; esac`;
    writeFileSync(file, `#!/bin/sh\n${reads}\n${call}\n`);
    chmodSync(file, 0o755);
  }
}
