import { randomUUID } from "node:crypto";
import { withoutSecrets } from "../secrets.ts";
import { harmless } from "../views/harmless.ts";

/**
 * The log of a job on GitHub Actions, and on the runners of Gitea and Forgejo, in which a line can be a command to the runner: `::set-env …` at its start,
 * `##[…]` anywhere in it. Whatever a cluster is called, a wrapped line may begin with it. So commands are stopped
 * around everything that is printed, by a word that is made up anew each time, and only what capstan itself tells
 * the runner stands outside.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
 */
export interface JobLog {
  /** Text that has no effect. */
  print(text: string): void;
  /** A line that the forge shows beside the run, or, where it has no such place, in the log. */
  annotate(kind: Annotation, message: string): void;
  /** Commands of later steps are heard again. */
  close(): void;
}

/** How much a line beside the run matters. */
export type Annotation = "notice" | "warning" | "error";

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
    annotate(kind, message) {
      go();
      write(annotation(kind, message));
      atLineStart = true;
      stop();
    },
    close: go,
  };
}

/** The log of a job on GitLab: only escape sequences mean something in it, and none is in what is printed. */
export function openPlainLog(write: (text: string) => void): JobLog {
  return {
    print: write,
    annotate: (kind, message) => write(`capstan: ${kind}: ${harmless(withoutSecrets(message))}\n`),
    close: () => {},
  };
}

/** What shows a log to people draws some of the commands all the same, stopped or not. */
function plain(text: string): string {
  return text.replaceAll("##[", "## [").replace(/^([^\S\n]*)::/gm, "$1: :");
}

/** A line that GitHub shows beside the run; what it says cannot start another command. */
export function annotation(kind: Annotation, message: string): string {
  const escaped = withoutSecrets(message)
    .split("\n")
    .map(harmless)
    .join("\n")
    .replaceAll("%", "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A");
  return `::${kind} title=capstan::${escaped}\n`;
}
