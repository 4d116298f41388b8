import type { MachineReply } from "./session.ts";
import type { TalosClient } from "./talosconfig.ts";
import { CERTIFICATES_MS, within } from "./time-limits.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/** On every machine directly, and through every control plane: their own certificates have to fit too. */
export async function everywhere(
  work: TalosTransition,
  client: TalosClient | null,
  endpoints: readonly Via[] = everyWay(work),
): Promise<string | null> {
  const { session } = work;
  if (client === null) return null;
  return await onEveryMachine(work, endpoints, async (address, via) => {
    const reply = await session.as(client, address, VERSION, via);
    return reply.ok ? null : `a client of this stage is refused by ${place(address, via)} (${saidBy(reply)})`;
  });
}

/**
 * The opposite, of a client that must not be accepted any more. A refusal cannot be told from a connection that
 * something else cut off (reference talos-rotation 3.6), so it only counts where the same way answers a client of the
 * CA that stays right after; and without an alert it has to happen twice, as a machine restarts once.
 */
export async function refusedEverywhere(
  work: TalosTransition,
  gone: TalosClient,
  control: TalosClient,
): Promise<string | null> {
  const { session } = work;
  return await onEveryMachine(work, everyWay(work), async (address, via) => {
    for (let look = 1; ; look += 1) {
      const reply = await session.as(gone, address, VERSION, via);
      const where = place(address, via);
      if (reply.ok) return `a client of the CA that was dropped is still accepted by ${where}`;
      const { kind } = reply.error;
      if (kind !== "client-rejected" && kind !== "cut-off") {
        return `it cannot be told whether ${where} refuses the CA that was dropped (${saidBy(reply)})`;
      }
      const answer = await session.as(control, address, VERSION, via);
      if (!answer.ok) return `a client of this stage is refused by ${where} (${saidBy(answer)})`;
      if (kind === "client-rejected" || look === 2) return null;
    }
  });
}

const VERSION = ["version", "--json"] as const;

/** `undefined`: as every other call to that machine. */
type Via = string | undefined;

function everyWay({ session }: TalosTransition): readonly Via[] {
  return [undefined, ...session.connection.endpoints];
}

function place(address: string, via: Via): string {
  return via === undefined ? address : `${address} through ${via}`;
}

function saidBy(reply: Extract<MachineReply, { readonly ok: false }>): string {
  return reply.error.failure.message;
}

async function onEveryMachine(
  work: TalosTransition,
  endpoints: readonly Via[],
  look: (address: string, via: Via) => Promise<string | null>,
): Promise<string | null> {
  const problems = await Promise.all(
    work.look.machines.map(({ address }) =>
      work.session.until(
        async () => {
          for (const via of endpoints) {
            const problem = await look(address, via);
            if (problem !== null) return problem;
          }
          return null;
        },
        within(work, CERTIFICATES_MS),
      ),
    ),
  );
  return problems.find((problem) => problem !== null) ?? null;
}
