import { randomUUID } from "node:crypto";
import { withoutSecrets } from "../secrets.ts";
import { harmless } from "../views/harmless.ts";

/**
 * The log of a job on GitHub Actions, in which a line can be a command to the runner: `::set-env …` at its start,
 * `##[…]` anywhere in it. Whatever a cluster is called, a wrapped line may begin with it. So commands are stopped
 * around everything that is printed, by a word that is made up anew each time, and only what capstan itself tells
 * the runner stands outside.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
 */
export interface JobLog {
  /** Text that has no effect. */
  print(text: string): void;
  /** A command of capstan's own, as a whole line. */
  command(line: string): void;
  /** Commands of later steps are heard again. */
  close(): void;
}

/** Stops commands at once; `close` is due at the end, whatever happens. */
export function openJobLog(write: (text: string) => void): JobLog {
  let token = "";
  const stop = () => {
    token = `capstan-${randomUUID()}`;
    write(`::stop-commands::${token}\n`);
  };
  const go = () => write(`${atLineStart ? "" : "\n"}::${token}::\n`);
  let atLineStart = true;
  stop();
  return {
    print(text) {
      if (text === "") return;
      write(plain(text));
      atLineStart = text.endsWith("\n");
    },
    command(line) {
      go();
      write(line.endsWith("\n") ? line : `${line}\n`);
      atLineStart = true;
      stop();
    },
    close: go,
  };
}

/** What shows a log to people draws some of the commands all the same, stopped or not. */
function plain(text: string): string {
  return text.replaceAll("##[", "## [").replace(/^([^\S\n]*)::/gm, "$1: :");
}

/** A line that GitHub shows beside the run; what it says cannot start another command. */
export function annotation(kind: "notice" | "warning" | "error", message: string): string {
  const escaped = withoutSecrets(message)
    .split("\n")
    .map(harmless)
    .join("\n")
    .replaceAll("%", "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A");
  return `::${kind} title=capstan::${escaped}\n`;
}
