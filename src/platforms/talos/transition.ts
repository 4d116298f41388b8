import { Failure, failureOfOne } from "../../failure.ts";
import type { ClusterResource } from "../../resources/model/desired.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import { LEVEL_WORDS, LEVELS, misplaced } from "../../talos/cluster-phase.ts";
import type { TalosKeys } from "../../talos/kept-keys.ts";
import { readIssuingKey } from "../../talos/machine-config.ts";
import { type Level, nodeState } from "../../talos/node-state.ts";
import type { KnownRotation } from "../../talos/rotation-keys.ts";
import { levelOf, type MachineMove, movesTo, type Walker } from "../../talos/walk.ts";
import { type CaCertificate, readCaCertificate } from "../../x509/ca-certificate.ts";
import type { TransitionReply, TransitionRequest } from "../platform.ts";
import { moveMachine } from "./apply-config.ts";
import { insistOnClientFiles } from "./client-files.ts";
import { writeClients } from "./clients.ts";
import { keepOldKey, nextKey, oldKey, sameAlgorithm, saveKeys } from "./custody.ts";
import { openContext } from "./identities-offered.ts";
import { proveBefore, proveCluster } from "./prove-cluster.ts";
import { proveMachine } from "./prove-machine.ts";
import { lookAtMachines, phaseOf, statesOf, type TalosLook } from "./seen-machines.ts";
import type { Session } from "./session.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/** That, for as long as this run may change anything. */
type Changing = TalosTransition & { readonly confirm: () => Promise<void> };

/**
 * Moves every machine to the state of a phase, one after the other, from whatever half-done state they are in; proves
 * what the phase promises, writes the client configurations that belong to it, and only then notes it as reached.
 * Taken again, it does what is left.
 */
export async function takeTransition(
  session: Session,
  cluster: ClusterResource,
  type: TalosType,
  { to, progress = () => {}, confirm = async () => {} }: TransitionRequest,
): Promise<TransitionReply> {
  const changed: string[] = [];
  try {
    const look = await lookAtMachines(session, cluster.name);
    const work = { ...(await prepare(session, cluster, type, to, look, progress)), confirm };
    const kept = await keepKeys(work);
    await proveBefore(work);
    const moved = await moveMachines({ ...work, known: { ...work.known, kept } }, changed);
    await proveCluster(work);
    await confirm();
    await writeClients(work);
    await saveKeys(cluster.name, { ...kept, reached: to }, session.around);
    return { accepted: true, message: `${type}: ${moved} machines are in ${to}` };
  } catch (error) {
    const failure = failureOfOne(error);
    return { accepted: false, message: failure.message, failure, begun: changed.length > 0 };
  }
}

async function prepare(
  session: Session,
  cluster: ClusterResource,
  type: TalosType,
  to: Phase,
  look: TalosLook,
  progress: (message: string) => void,
): Promise<TalosTransition> {
  const known = look.known[type];
  if (known === null || known.keys.next === null) {
    throw new Failure("resources", `nobody knows which CA is to follow the ${type} CA`, {
      hint: "`capstan rotate start` makes one and writes it under `next` of the ca_rotation",
    });
  }
  insistOnOrder(look, type, to);
  const from = phaseOf(look, type).phase;
  if (to !== "rollback" && from !== "rollback") {
    await insistOnClientFiles(session, type, (await openContext(session)).name);
  }
  const old = certificateOf(look, type, known.keys.old) ?? keptCertificate(known, "old");
  const next = known.next ?? certificateOf(look, type, known.keys.next);
  if (old === null || next === null) {
    throw old === null
      ? new Failure(
          "refused",
          `the certificate of the old ${type} CA is neither on a machine nor in the record`,
          {
            hint: "restore the record from a backup",
          },
        )
      : new Failure("refused", `the certificate of the next ${type} CA is neither in git nor on a machine`, {
          hint: "bring `next` of the ca_rotation back: `git log` has its file",
        });
  }
  if (!sameAlgorithm(old, next)) {
    throw new Failure("resources", `the next ${type} CA has a key of another algorithm than the old one`, {
      hint: "make one like it: workers ask for certificates with the algorithm of the CA that they know",
    });
  }
  const { around } = session;
  const [oldPrivate, nextPrivate] = await Promise.all([
    liveKey(look, type, known.keys.old) ?? oldKey(known, around),
    to === "rollback" ? nextKey(known, around, type).catch(() => null) : nextKey(known, around, type),
  ]);
  const signing = ({ pem }: CaCertificate, key: string | null) =>
    key === null ? null : { certificate: pem, key };
  return {
    session,
    cluster,
    type,
    from,
    to,
    look,
    known,
    pair: { old, next },
    keys: { old: signing(old, oldPrivate), next: signing(next, nextPrivate) },
    progress,
  };
}

/** The guards say so too; but they judged what was seen before. */
function insistOnOrder(look: TalosLook, type: TalosType, to: Phase): void {
  const [missing] = look.machines.filter(({ texts }) => texts === null);
  if (missing !== undefined && to !== "rollback") throw silent(missing);
  const [wrong] = misplaced(statesOf(look, type));
  if (wrong === undefined) return;
  throw new Failure("refused", `${wrong.address} is in ${wrong.state}, which fits none of the others`, {
    hint: wrong.neighbour === null ? "find out which CA it uses" : `bring it to ${wrong.neighbour} first`,
  });
}

function silent({ address, problem }: TalosLook["machines"][number]): Failure {
  return new Failure("executable", `${address} does not answer: ${problem}`, {
    hint: "start it first: a machine that misses a change can be locked out for good",
  });
}

function certificateOf({ machines }: TalosLook, type: TalosType, fingerprint: string): CaCertificate | null {
  const all = machines.flatMap(({ texts }) => {
    if (texts === null) return [];
    const { issuing, accepted } = texts.config.authorities[type];
    return [...(issuing === null ? [] : [issuing]), ...accepted];
  });
  return all.find((one) => one.fingerprint === fingerprint) ?? null;
}

function keptCertificate({ kept }: KnownRotation, which: "old" | "next"): CaCertificate | null {
  return kept === null ? null : readCaCertificate(kept[`${which}_certificate`]);
}

/** While the old CA signs, its key lies on the control planes. */
function liveKey({ machines }: TalosLook, type: TalosType, fingerprint: string): string | null {
  for (const { texts } of machines) {
    if (texts?.config.authorities[type].issuing?.fingerprint !== fingerprint) continue;
    const key = readIssuingKey(texts.persistent, type);
    if (key !== null) return key;
  }
  return null;
}

/** Before the first machine is changed, and again where the record was lost while the key can still be had. */
async function keepKeys({
  session,
  cluster,
  type,
  from,
  to,
  known,
  pair,
  keys,
}: TalosTransition): Promise<TalosKeys> {
  const { around, connection } = session;
  const begins = to === "init" && known.kept?.reached !== undefined && known.kept.reached !== "standby";
  if (known.kept !== null) {
    if (!begins) return known.kept;
    const again: TalosKeys = { ...known.kept, reached: "standby" };
    await saveKeys(cluster.name, again, around);
    return again;
  }
  const entry = {
    authority: type,
    old: pair.old.fingerprint,
    next: pair.next.fingerprint,
    old_certificate: pair.old.pem,
    next_certificate: pair.next.pem,
    reached: from,
  } as const;
  if (keys.old !== null)
    return await keepOldKey(cluster.name, entry, keys.old.key, around, connection.recipients);
  if (to === "rollback" || to === "update_servers") {
    throw new Failure(
      "storage",
      `the private key of the old ${type} CA is lost: it is neither in the record nor on a machine`,
      {
        hint: "restore the record from a backup; without the key the old CA cannot sign again",
      },
    );
  }
  // Past the swap, without a record: nothing is left to be kept, and forwards is the only way.
  return { ...entry, old_key: "", sealed_at: around.now().toISOString() };
}

async function moveMachines(work: Changing, changed: string[]): Promise<number> {
  const { session, type, from, to, look, known, progress } = work;
  const target = levelOf(from, to);
  if (target === null) return 0;
  const walkers = look.machines.flatMap(({ address, machineType, texts }): readonly Walker[] => {
    if (texts === null) return [];
    const authority = texts.config.authorities[type];
    const state = nodeState(authority, known.keys);
    if (state === "SX") return [];
    return [{ address, machineType, state }];
  });
  const moves = movesTo(target, walkers, { type, onlyBack: to === "rollback" });
  let tried = walkers.some(({ machineType, state }) => machineType === "controlplane" && state === target);
  for (const [index, move] of moves.entries()) {
    session.checkStop();
    insistOnOneStep(move);
    const isControlPlane = walkers.some(
      ({ address, machineType }) => address === move.address && machineType === "controlplane",
    );
    // The first control plane of a swap shows whether the CA works at all, and reverts by itself if it does not.
    const tries = isSwap(move) && isControlPlane && !tried;
    if (tries) tried = true;
    await work.confirm();
    const applied = await moveMachine(work, move, tries, (baseline) => proveMachine(work, move, baseline));
    if (!applied) continue;
    changed.push(move.address);
    progress(`${type}: ${move.address} (${index + 1} of ${moves.length}): ${LEVEL_WORDS[move.to]}`);
  }
  const [missing] = look.machines.filter(({ texts }) => texts === null);
  if (missing !== undefined) throw silent(missing);
  return moves.length;
}

function isSwap({ from, to }: MachineMove): boolean {
  const signs = (level: Level) => level === "S2" || level === "S3";
  return signs(from) !== signs(to);
}

function insistOnOneStep({ address, from, to }: MachineMove): void {
  if (Math.abs(LEVELS.indexOf(from) - LEVELS.indexOf(to)) <= 1) return;
  throw new Failure("refused", `${address} is in ${from}, and ${to} is more than one step away`, {
    hint:
      from === "S3"
        ? "finish the rotation: it no longer trusts the old CA, and there is no way back"
        : "bring it to the state of the others first",
  });
}
