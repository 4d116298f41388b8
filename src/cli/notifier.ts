import type { RunEvent } from "../apply/event.ts";
import { Failure } from "../failure.ts";
import type { Runner } from "../process/runner.ts";
import type { RepositoryResource } from "../resources/model/desired.ts";
import { valueWithoutSecrets } from "../secrets.ts";
import { harmless, harmlessValue } from "../views/harmless.ts";
import { type Notice, Notices, type UnboundNotice } from "./notices.ts";

/**
 * Tells people by the command of the repository resource what happens to rotations. That it fails is said, and fails
 * nothing else. The same news of a rotation is told once, however often a loop comes by.
 */
export class Notifier {
  readonly #runner: Runner;
  readonly #warn: (line: string) => void;
  readonly #told = new Map<string, string>();
  #notices = new Notices();
  #waiting: UnboundNotice[] = [];
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
    for (const notice of news.filter(({ event }) => notify.events.includes(event))) {
      await this.#tell({ format_version: "1.0", commit, ...notice }, notify);
    }
  }

  /** What was told of a rotation in these words already is none; countdowns in them tick. */
  #news(heard: readonly UnboundNotice[]): readonly UnboundNotice[] {
    const groups = Map.groupBy(heard, ({ event, cluster, rotation }) =>
      JSON.stringify([event, cluster, rotation]),
    );
    return [...groups].flatMap(([about, notices]) => {
      const words = notices.map(({ message }) => message.replaceAll(/\d+/g, "#")).join("\n");
      const isKnown = this.#told.get(about) === words;
      this.#told.set(about, words);
      return isKnown ? [] : notices;
    });
  }

  async #tell(
    notice: Notice,
    { command, timeoutMs }: NonNullable<RepositoryResource["notify"]>,
  ): Promise<void> {
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
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#failures += 1;
      this.#warn(harmless(`nobody was notified of "${notice.event}": ${error.message}`));
    }
  }
}
