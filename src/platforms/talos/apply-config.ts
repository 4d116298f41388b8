import { Failure } from "../../failure.ts";
import { withAuthority } from "../../talos/config-edit.ts";
import { contentOf, nodeState } from "../../talos/node-state.ts";
import type { MachineMove } from "../../talos/walk.ts";
import { type Baseline, takeBaseline } from "./baseline.ts";
import type { TalosError } from "./errors.ts";
import { type MachineTexts, readMachine } from "./machine.ts";
import type { Session } from "./session.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/** Time enough to prove the first control plane; after it the machine reverts by itself. */
const TRY_TIMEOUT = { talos: "2m", kubernetes: "6m" } as const;

/** Upstream gives a machine 10 s for what passes by itself (reference talos-rotation 1.2). */
const RETRY_MS = 20_000;

/**
 * Writes one machine's configuration, computed from the one that it has right now, and proves the result. Gives
 * `false` when nothing was sent because it says so already.
 */
export async function moveMachine(
  work: TalosTransition,
  move: MachineMove,
  tries: boolean,
  prove: (baseline: Baseline) => Promise<void>,
): Promise<boolean> {
  const { address } = move;
  const before = await reread(work, address);
  const wanted = textFor(work, before, move);
  const isDone = wanted === before.persistent && wanted === before.active;
  const baseline = await takeBaseline(work, move, isDone || wanted === before.active);
  if (!isDone) {
    if (tries && wanted !== before.active) {
      await apply(work, address, wanted, "try");
      await prove(baseline);
    }
    await apply(work, address, wanted, "no-reboot");
  }
  await prove(baseline);
  return !isDone;
}

async function reread({ session, type, known }: TalosTransition, address: string): Promise<MachineTexts> {
  const texts = await readMachine(session, address);
  if (texts instanceof Failure) throw texts;
  if (typeof texts === "string") throw new Failure("executable", `${address}: ${texts}`);
  if (nodeState(texts.config.authorities[type], known.keys) !== "SX" && texts.pending !== "other")
    return texts;
  throw new Failure("refused", `${address} was changed by somebody else meanwhile`, {
    hint: "find out by whom; `capstan status` shows how it stands",
  });
}

/** From the configuration that lasts: what is only tried out is gone with the next boot. */
function textFor(
  { type, pair, keys }: TalosTransition,
  { address, persistent, config }: MachineTexts,
  { to }: MachineMove,
): string {
  const content = contentOf(to, config.authorities[type], pair);
  const signing = to === "S2" || to === "S3" ? keys.next : keys.old;
  const isControlPlane = config.machineType === "controlplane";
  if (isControlPlane && signing === null && config.authorities[type].issuing?.pem !== content.issuing?.pem) {
    throw new Failure("storage", `the key that ${address} needs to sign with is not at hand`, {
      hint: "set SOPS_AGE_KEY or SOPS_AGE_KEY_FILE: it lies sealed in git (`next`) or in the record",
    });
  }
  try {
    return withAuthority(persistent, type, {
      ...content,
      key: isControlPlane ? (signing?.key ?? null) : null,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    throw new Failure("refused", `the configuration of ${address} cannot be edited: ${why}`, {
      hint: "write the CA of this machine the way `talosctl gen config` does, then run it again",
    });
  }
}

/**
 * Sends the whole configuration, from a file that is gone right after. What was answered does not decide: an answer
 * can be lost, and what passes by itself is tried again.
 */
async function apply(
  work: TalosTransition,
  address: string,
  text: string,
  mode: "try" | "no-reboot",
): Promise<void> {
  const { session } = work;
  const deadline = performance.now() + RETRY_MS;
  for (;;) {
    const file = await session.folder.write("machine.yaml", text);
    const words = ["apply-config", "--file", file, `--mode=${mode}`];
    const all = mode === "try" ? [...words, `--timeout=${TRY_TIMEOUT[work.type]}`] : words;
    const error = await ask(session, address, all).finally(() => session.folder.remove(file));
    if (error === null) return;
    let seen: MachineTexts | null = null;
    const problem = await session.until(async () => {
      const found = await readMachine(session, address);
      if (typeof found === "string" || found instanceof Failure) return "it does not answer";
      seen = found;
      return null;
    }, RETRY_MS);
    if (problem !== null) throw error.failure;
    if (says(seen, text, mode)) return;
    const passes = error.kind === "busy" || error.kind === "unreachable";
    if (!passes || performance.now() >= deadline) throw error.failure;
  }
}

/** Who hangs may have done what was asked all the same: as any other error, it is looked after. */
async function ask(session: Session, address: string, words: readonly string[]): Promise<TalosError | null> {
  try {
    const reply = await session.ask(address, words);
    return reply.ok ? null : reply.error;
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "executable") return { kind: "other", failure };
    throw failure;
  }
}

function says(seen: MachineTexts | null, text: string, mode: "try" | "no-reboot"): boolean {
  return seen !== null && seen.active === text && (mode === "try" || seen.persistent === text);
}
