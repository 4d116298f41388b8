import { Failure } from "../failure.ts";
import { isoTime } from "../iso-time.ts";
import { createRunner } from "../process/runner.ts";
import type { RepositoryResource } from "../resources/model/desired.ts";
import { harmless } from "../views/harmless.ts";
import type { Sample } from "../views/metrics/metric-table.ts";
import { directoryOf } from "./commands/common-flags.ts";
import { EXIT, type ExitCode, exitOfRun } from "./exit-code.ts";
import { Notifier } from "./notifier.ts";
import { sayWhoseRecord } from "./open-record.ts";
import { Alarm } from "./reconcile/alarm.ts";
import { ClusterBackOff, pauseAfter } from "./reconcile/back-off.ts";
import { writeHealthFile } from "./reconcile/health-file.ts";
import { type Held, type ReconcileOptions, type Taken, takeRound } from "./reconcile/round.ts";
import { serve } from "./reconcile/server.ts";
import { afterFailure, afterRound, type LoopStanding, loopSamples, NOT_BEGUN } from "./reconcile/standing.ts";
import { serviceManager } from "./reconcile/systemd.ts";
import { roundText, voiceOf } from "./reconcile/voice.ts";
import { onSignals } from "./signals.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** `capstan reconcile`: follows the branch, plans, and takes what guards allow, round after round. */
export async function reconcile(
  terminal: Terminal,
  argument: string | undefined,
  options: ReconcileOptions,
): Promise<ExitCode> {
  const directory = directoryOf(argument, options);
  const alarm = new Alarm();
  // A service has no terminal that could be closed.
  const onHangup = terminal.stderr.isTTY === true ? undefined : () => alarm.ring();
  const { stop, dispose } = onSignals(terminal, onHangup);
  const { signal } = stop;
  const now = () => isoTime(terminal.now());
  const warn = (line: string) => terminal.stderr.write(`${harmless(line)}\n`);
  const runner = createRunner({ limit: 2 });
  const systemd = serviceManager(terminal.env, runner, warn);
  signal.addEventListener("abort", () => void systemd.stopping(), { once: true });
  const notifier = new Notifier(runner, warn);
  const voice = await voiceOf(terminal, options);
  const backOff = new ClusterBackOff(options.interval);
  let standing: LoopStanding = NOT_BEGUN;
  const writeHealth = () => writeHealthFile(terminal, options.healthFile, standing, warn);
  let samples: readonly Sample[] = [];
  let closeServer = () => {};
  sayFinal(terminal, options);
  try {
    if (options.listen !== undefined) {
      const { url, close } = await serve(options.listen, {
        standing: () => standing,
        samples: () => [...samples, ...loopSamples(standing, notifier.failures)],
        hookSecret: terminal.env["CAPSTAN_HOOK_SECRET"] || null,
        beginRound: () => alarm.ring(),
      });
      closeServer = close;
      if (options.quiet !== true) warn(`listening on ${url}`);
    }
    void systemd.ready();
    let held: Held | null = null;
    let introduced = false;
    let repository: Pick<RepositoryResource, "notify"> = {};
    const introduce = async (workspace: Workspace) => {
      repository = workspace.repository;
      if (!introduced) await sayWhoseRecord(workspace, terminal, options);
      introduced = true;
    };
    for (let failures = 0; !signal.aborted; ) {
      try {
        const leftAlone = backOff.leftAlone(performance.now());
        const taken: Taken = await takeRound(terminal, directory, options, {
          ...{ signal, held, introduce, leftAlone },
          emit(event) {
            notifier.hear(event);
            voice.event(event);
          },
        });
        voice.round(taken.round);
        backOff.note(taken.tried, new Set(taken.failed), performance.now(), Math.random());
        held = taken.held;
        failures = 0;
        samples = [...ofClusters(samples, taken.round.leftAlone), ...taken.samples];
        const told = { commit: taken.round.commit, message: roundText(taken.round) };
        const isWhole = taken.failed.length === 0 && taken.round.leftAlone.length === 0;
        standing = isWhole ? afterRound(told, now()) : afterFailure(standing, told.message, now());
        await notifier.settle(repository, taken.round.commit);
        await writeHealth();
        if (options.once === true) return exitOfRun(taken.round.outcome);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (signal.aborted) break;
        standing = afterFailure(standing, error.message, now());
        await writeHealth();
        // Flags are not mended by waiting.
        if (options.once === true || error.code === "usage") throw error;
        voice.failure(error);
        held = null;
        failures += 1;
        notifier.failed(error, now(), null);
        await notifier.settle(repository, standing.commit);
      }
      if (await alarm.sleep(pauseAfter(failures, options.interval, Math.random()), signal)) backOff.forget();
    }
    return EXIT.interrupted;
  } finally {
    closeServer();
    systemd.dispose();
    dispose();
  }
}

/** What was seen of clusters last: an alert about one that is not tried in every round must not come and go. */
function ofClusters(samples: readonly Sample[], names: readonly string[]): readonly Sample[] {
  return samples.filter(({ labels }) => names.includes(labels["cluster"] ?? ""));
}

/** Nobody will be asked later. */
function sayFinal(terminal: Terminal, { approveFinal = [], quiet }: ReconcileOptions): void {
  if (approveFinal.length === 0 || quiet === true) return;
  const whose = approveFinal.includes("")
    ? "every point of no return of every rotation in git"
    : `the points of no return of ${approveFinal.join(", ")}`;
  terminal.stderr.write(`${harmless(`--approve-final: ${whose} is taken without asking`)}\n`);
}
