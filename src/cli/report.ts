import { CommanderError } from "commander";
import { Failure } from "../failure.ts";
import { systemFailure } from "../process/system-failure.ts";
import { namingCluster } from "../rotation/remedy-command.ts";
import { readInfo } from "../sandbox/folder.ts";
import { harmless } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { EXIT, type ExitCode, exitOfFailure } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The one place where errors become text. Where JSON is asked for, whoever reads it gets the error as JSON too: on
 * standard output, beside the sentence for people. `cluster`: the one that was typed, which what to do is about too.
 */
export async function report(
  error: unknown,
  terminal: Terminal,
  { asJson, cluster }: { readonly asJson: boolean; readonly cluster: string | null },
): Promise<ExitCode> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    // A command without its word prints its help, and that is all.
    if (!error.message.startsWith("error: ")) return EXIT.error;
    // A suggestion is on a line of its own.
    const message = error.message.slice("error: ".length).replaceAll("\n", " ");
    if (asJson) sayAsJson(terminal, "usage", message, USAGE);
    await sayAsText(terminal, message, USAGE);
    return EXIT.error;
  }
  const failure = error instanceof Failure ? error : systemFailure(error);
  if (failure !== null) {
    const { code, message } = failure;
    const said = sandboxIsDown(failure) ? SANDBOX_DOWN : failure.hint;
    const remedy = said === null || cluster === null ? said : namingCluster(said, cluster);
    if (asJson) sayAsJson(terminal, code, message, remedy);
    await sayAsText(terminal, message, remedy);
    return exitOfFailure(code);
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (asJson) sayAsJson(terminal, "bug", error instanceof Error ? error.message : String(error), null);
  terminal.stderr.write(
    `capstan: this is a bug of capstan; please report it with what follows\n${lines(stack)}\n`,
  );
  return EXIT.error;
}

const USAGE = "`capstan --help` lists the commands, `capstan COMMAND --help` says what one takes";

async function sayAsText({ stderr }: Terminal, message: string, remedy: string | null): Promise<void> {
  const { failureText } = await import("../views/text/failure-text.ts");
  stderr.write(failureText({ message, remedy }, stderr.isTTY === true ? stderr.columns : undefined));
}

function sayAsJson({ stdout }: Terminal, code: string, message: string, remedy: string | null): void {
  stdout.write(`${jsonText({ format_version: "1.0", error: { code, message, remedy } })}\n`);
}

const SANDBOX_DOWN =
  "it is of a sandbox that is down: `capstan sandbox up` starts one, with new CAs; what git says of the old one is wrong then";

/** An executable of a sandbox goes with it. */
function sandboxIsDown({ code, message }: Failure): boolean {
  const [, folder] = /"(\/[^"]*\/sandbox)\/bin\/[^"/]+": There is no such file/.exec(message) ?? [];
  return code === "executable" && folder !== undefined && readInfo(folder) === null;
}

/** Line by line, as a message may have several; what it quotes comes from anywhere. */
function lines(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}
