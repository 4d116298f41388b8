/**
 * `node:fs/promises` for a process that is killed at its n-th call, before or after it (CAPSTAN_TEST_DIES_AT: `3` or
 * `3+`): put in its place when the contender is built.
 */
// biome-ignore lint/style/useNodejsImportProtocol: the name with the protocol is the one that this file replaces
import * as real from "fs/promises";

const [, at = "0", after = ""] = /^(\d+)(\+?)$/.exec(process.env["CAPSTAN_TEST_DIES_AT"] ?? "0") ?? [];
let calls = 0;

function dying<Work extends (...args: never[]) => Promise<unknown>>(work: Work): Work {
  return (async (...args: Parameters<Work>) => {
    calls += 1;
    const mine = calls === Number(at);
    if (mine && after === "") process.kill(process.pid, "SIGKILL");
    const result = await work(...args);
    if (mine) process.kill(process.pid, "SIGKILL");
    return result;
  }) as unknown as Work;
}

export const copyFile = dying(real.copyFile);
export const link = dying(real.link);
export const lstat = real.lstat;
export const mkdir = dying(real.mkdir);
export const open = dying(real.open);
export const readdir = dying(real.readdir);
export const readFile = real.readFile;
export const readlink = real.readlink;
export const realpath = real.realpath;
export const rename = dying(real.rename);
export const rm = dying(real.rm);
export const stat = dying(real.stat);
export const utimes = dying(real.utimes);
export const writeFile = dying(real.writeFile);
