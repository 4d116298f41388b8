import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import type { MachineMove } from "../../talos/walk.ts";
import { spec } from "./machine.ts";
import { readResources, type Session } from "./session.ts";
import { CERTIFICATES_MS, within } from "./time-limits.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/** What is compared with later, to know that something has restarted. */
export interface Baseline {
  /** `null`: nothing changes, so nothing restarts, and no restart is waited for (reference talos-rotation 1.3). */
  readonly kubelet: string | null;
  /** By the monotonic clock: a step of the wall clock is no time in which something could have restarted. */
  readonly takenAt: number;
  /** `null` on a worker too: it has no control plane whose secrets could change. */
  readonly secrets: string | null;
}

/**
 * Read before anything is changed on the machine. What could not be read is nothing to compare with: the next value
 * would look like a restart, so a machine whose baseline cannot be had is left as it is.
 */
export async function takeBaseline(
  work: TalosTransition,
  { address }: MachineMove,
  unchanged: boolean,
): Promise<Baseline> {
  const { session, type, look } = work;
  if (type === "talos" || unchanged) return { kubelet: null, secrets: null, takenAt: performance.now() };
  const isControlPlane = look.machines.some(
    (machine) => machine.address === address && machine.machineType === "controlplane",
  );
  let kubelet: string | null = null;
  let secrets: string | null = null;
  const problem = await session.until(
    async () => {
      kubelet ??= await stamp(session, address, ["get", "service", "kubelet"]);
      if (isControlPlane) secrets ??= await secretsVersion(session, address);
      if (kubelet === null) return "since when its kubelet runs cannot be read";
      return isControlPlane && secrets === null ? "the version of its secrets cannot be read" : null;
    },
    within(work, CERTIFICATES_MS),
  );
  if (problem === null) return { kubelet, secrets, takenAt: performance.now() };
  throw new Failure("refused", `${address} is not changed: ${problem}`, {
    hint: "look at it with `talosctl get service kubelet`: without it nothing shows that the machine has restarted. Running capstan again goes on from here",
  });
}

/** Which secrets a control plane runs with: a number that grows. `null`: it could not be read. */
export async function secretsVersion(session: Session, address: string): Promise<string | null> {
  const version = fieldOf(await spec(session, address, ["get", "secretstatus"]), "version");
  return version === undefined ? null : String(version);
}

/** Changes when a resource is destroyed and made anew, or changed. `null`: it could not be read. */
export async function stamp(
  session: Session,
  address: string,
  words: readonly string[],
): Promise<string | null> {
  const reply = await session.ask(address, [...words, "-o", "yaml"]);
  if (!reply.ok) return null;
  try {
    const [first] = readResources(reply.stdout);
    return first === undefined || first.created === "" ? null : `${first.created} ${first.version}`;
  } catch {
    return null;
  }
}
