import type { RunEvent } from "../apply/event.ts";
import { Failure } from "../failure.ts";
import type { Runner } from "../process/runner.ts";
import type { RepositoryResource } from "../resources/model/desired.ts";
import { valueWithoutSecrets } from "../secrets.ts";
import { harmless, harmlessValue } from "../views/harmless.ts";
import { type Notice, Notices, type UnboundNotice } from "./notices.ts";

/** A command that hangs would else hold the next round for its time limit, as often as there is news. */
const GIVES_UP_AFTER = 3;

/** A number or a duration that is a word of its own: `12 minutes`, `1h30m`; no part of a name, as in `node/node2`. */
const TICKING = /(?<![\p{L}\p{N}_/.:@-])(?:\d+(?:\.\d+)?(?:h|ms|m|s)?)+(?![\p{L}\p{N}_/:@-]|\.\p{N})/gu;

/**
 * Tells people by the command of the repository resource what happens to rotations. That it fails is said, and fails
 * nothing else; the next round of a loop tries it again. The same news of a rotation is told once, however often a loop
 * comes by.
 */
export class Notifier {
  readonly #runner: Runner;
  readonly #warn: (line: string) => void;
  readonly #told = new Map<string, string>();
  #notices = new Notices();
  #waiting: UnboundNotice[] = [];
  /** What the command did not take, or was not asked to after it had failed. */
  #untold: readonly Notice[] = [];
  #failures = 0;

  constructor(runner: Runner, warn: (line: string) => void) {
    this.#runner = runner;
    this.#warn = warn;
  }

  /** Notices in a row that the command did not take. */
  get failures(): number {
    return this.#failures;
  }

  hear(event: RunEvent): void {
    this.#waiting.push(...this.#notices.of(event));
  }

  /** A run, or a round, that ended with a failure before it could say so. */
  failed({ message }: Failure, at: string, cluster: string | null): void {
    this.#waiting.push({ event: "failed", at, cluster, rotation: null, message });
  }

  /** Tells what was heard since the last time. */
  async settle({ notify }: Pick<RepositoryResource, "notify">, commit: string | null): Promise<void> {
    const news = this.#news(this.#waiting.splice(0));
    this.#notices = new Notices();
    if (notify === undefined) return;
    const wanted = news.filter(({ event }) => notify.events.includes(event));
    const newer = new Set(wanted.map(aboutOf));
    const due = [
      ...this.#untold.filter((old) => !newer.has(aboutOf(old))),
      ...wanted.map((notice) => ({ format_version: "1.0", commit, ...notice }) as const),
    ];
    const failed: Notice[] = [];
    let inARow = 0;
    while (inARow < GIVES_UP_AFTER) {
      const notice = due.shift();
      if (notice === undefined) break;
      const isTold = await this.#tell(notice, notify);
      inARow = isTold ? 0 : inARow + 1;
      if (!isTold) failed.push(notice);
    }
    if (due.length > 0)
      this.#warn(
        `nobody was notified of ${due.length} more: ${notify.command[0]} failed three times in a row`,
      );
    // One that it never takes must not be in front of the others for ever.
    this.#untold = [...due, ...failed];
  }

  /** What was told of a rotation in these words already is none; countdowns in them tick. */
  #news(heard: readonly UnboundNotice[]): readonly UnboundNotice[] {
    const groups = Map.groupBy(heard, aboutOf);
    return [...groups].flatMap(([about, notices]) => {
      const words = notices.map(({ message }) => message.replaceAll(TICKING, "#")).join("\n");
      const isKnown = this.#told.get(about) === words;
      this.#told.set(about, words);
      return isKnown ? [] : notices;
    });
  }

  /** Whether the command took it. */
  async #tell(
    notice: Notice,
    { command, timeoutMs }: NonNullable<RepositoryResource["notify"]>,
  ): Promise<boolean> {
    const stdin = `${JSON.stringify(harmlessValue(valueWithoutSecrets(notice)))}\n`;
    try {
      const { exitCode, stderr } = await this.#runner.run({ argv: command, stdin, timeoutMs });
      if (exitCode !== 0) {
        throw new Failure(
          "executable",
          `${command[0]} ended with ${exitCode}: ${stderr.trim() || "it said nothing"}`,
        );
      }
      this.#failures = 0;
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#failures += 1;
      this.#warn(harmless(`nobody was notified of "${notice.event}": ${error.message}`));
      return false;
    }
  }
}

function aboutOf({ event, cluster, rotation }: UnboundNotice): string {
  return JSON.stringify([event, cluster, rotation]);
}
