/**
 * `dist/action.js`, the one file that GitHub's runner starts for the released action: inputs come as `INPUT_…`, the
 * mode and the token among them. A runner has no files of an earlier run, so nothing is cached.
 */
import { action } from "./action.ts";
import { discreet, processTerminal } from "./terminal.ts";

const { INPUT_MODE: mode = "", INPUT_TOKEN: token = "" } = process.env;
// By the name that every tool knows, and that `capstan action` takes on every forge.
process.env["GITHUB_TOKEN"] = token;
delete process.env["INPUT_TOKEN"];

process.exitCode = await action(discreet(processTerminal()), mode);
