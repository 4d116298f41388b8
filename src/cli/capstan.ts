#!/usr/bin/env node
/**
 * The executable. Imports nothing but data before it has looked at the version, and uses no syntax that an old
 * Node cannot parse, so that it can say which Node it needs instead of failing on a SyntaxError.
 */
import packageJson from "../../package.json" with { type: "json" };

let unwritten = false;

/**
 * Nobody reads on (`capstan plan | head -1`): no reason to stop half-way in a rotation, nor to fail. What cannot be
 * written for another reason (a full disk) is no reason to stop either; but then it has failed, and says so once.
 */
function onUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE" || unwritten) return;
  unwritten = true;
  process.exitCode = 1;
  const why = error.code === "ENOSPC" ? "there is no space left on the device" : error.message;
  process.stderr.write(
    `capstan: cannot write to standard output: ${why}\n  → what it says is not complete\n`,
  );
}

function minded(): void {
  process.stdout.on("error", onUnwritten);
  // Where that cannot be written, nothing is left to say it on.
  process.stderr.on("error", () => {});
}

/**
 * Without the stream that Node makes for standard output, which costs a seventh of bare Node where that is a pipe. What
 * cannot be written at once is left to the stream, which waits, or says why it cannot.
 */
function print(text: string): void {
  try {
    process.getBuiltinModule("node:fs").writeFileSync(1, text);
  } catch {
    minded();
    process.stdout.write(text);
  }
}

/** Lines are as long as a terminal is wide, where it is one; each terminal is a character device. */
function isNarrow(): boolean {
  const isDevice = process.getBuiltinModule("node:fs").fstatSync(1).isCharacterDevice();
  return isDevice && (process.stdout.columns ?? 80) < 80;
}

/**
 * Keys that were in memory are in no core file of a crash, neither of this process nor of what it starts: core(5),
 * "Controlling which mappings are written to the core dump". Only Linux has it.
 */
function keepMemoryOutOfCores(): void {
  try {
    process.getBuiltinModule("node:fs").writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Elsewhere `ulimit -c 0` has to do.
  }
}

const NEEDED = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `capstan needs Node ${NEEDED.join(".")} or newer; this is Node ${process.versions.node} (${process.execPath}).\n  → put a newer one first in PATH; a clone brings its own: node_modules/.bin/node dist/capstan.js\n`,
  );
  process.exitCode = 1;
} else if (process.platform === "win32") {
  // Signals, modes of files and locks are not what capstan takes them for there.
  process.stderr.write(
    "capstan runs on Linux and macOS, and this is Windows.\n  → install it in WSL, the Linux within Windows, and run it there\n",
  );
  process.exitCode = 1;
} else if (process.argv.length === 3 && /^(-V|--version)$/.test(process.argv[2] ?? "")) {
  // Asked for by every script that looks for capstan: no more than bare Node (design, section 9).
  print(`${packageJson.version}\n`);
} else if (process.argv.length === 3 && process.argv[2] === "--help" && !isNarrow()) {
  // The build has asked `capstan help` already.
  print(process.getBuiltinModule("node:fs").readFileSync(new URL("help.txt", import.meta.url), "utf8"));
} else {
  minded();
  keepMemoryOutOfCores();
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  const { main } = await import("./main.ts");
  const exit = await main(process.argv.slice(2));
  process.exitCode = unwritten ? 1 : exit;
}
