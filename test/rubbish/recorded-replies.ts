import type { ExecutableCall, Runner } from "../../src/process/runner.ts";

interface Reply {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Asks the real thing, so to say. */
type Ask = (argv: readonly string[]) => Promise<Reply>;

/** Folders that are made for one look. */
const TEMPORARY = /\/[^ ]*\/capstan-[^ /]*/g;

/** What executables answered once, by their arguments, and whatever a test makes of one answer. */
export class RecordedReplies {
  readonly #replies = new Map<string, Reply>();
  readonly #ask: Ask;
  #instead: { readonly call: string; readonly stdout: string } | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Every call that printed something. */
  get calls(): readonly string[] {
    return [...this.#replies].filter(([, { stdout }]) => stdout.trim() !== "").map(([call]) => call);
  }

  stdoutOf(call: string): string {
    return this.#replies.get(call)?.stdout ?? "";
  }

  /** While `work` goes on, one call prints something else. */
  async with<Result>(call: string, stdout: string, work: () => Promise<Result>): Promise<Result> {
    this.#instead = { call, stdout };
    try {
      return await work();
    } finally {
      this.#instead = null;
    }
  }

  get runner(): Runner {
    const answer = async ({ argv }: ExecutableCall) => ({
      argv,
      durationMs: 1,
      ...(await this.#reply(argv)),
    });
    return {
      run: answer,
      stream: async (command, consume) => {
        const outcome = await answer(command);
        const bytes = Buffer.from(outcome.stdout);
        for (let at = 0; at < bytes.length; at += 4_096) consume(bytes.subarray(at, at + 4_096));
        return outcome;
      },
    };
  }

  async #reply(argv: readonly string[]): Promise<Reply> {
    const call = argv.join(" ").replaceAll(TEMPORARY, "");
    const reply = this.#replies.get(call) ?? (await this.#ask(argv));
    this.#replies.set(call, reply);
    return this.#instead?.call === call ? { ...reply, stdout: this.#instead.stdout } : reply;
  }
}
