import type { CliWorld } from "./cli.ts";
import type { CobraFlags, FlagTable } from "./cli-flags.ts";
import { openTalosconfig, TalosctlClient } from "./talosctl-client.ts";

export interface TalosctlCommand {
  readonly flags: FlagTable;
  readonly run: (world: CliWorld, flags: CobraFlags) => Promise<void>;
}

export const GLOBAL_FLAGS: FlagTable = {
  talosconfig: { kind: "text" },
  context: { kind: "text" },
  endpoints: { kind: "list", short: "e" },
  nodes: { kind: "list", short: "n" },
  cluster: { kind: "text" },
};

/** Prints at the end, so that a fault can cut off what is printed. */
export async function withClient(
  world: CliWorld,
  flags: CobraFlags,
  action: (client: TalosctlClient, print: (text: string) => void) => Promise<void>,
): Promise<void> {
  const client = new TalosctlClient(world, await openTalosconfig(world, flags), flags);
  let printed = "";
  world.signal?.addEventListener("abort", () => client.close());
  try {
    await action(client, (text) => {
      printed += text;
    });
  } finally {
    client.close();
    world.out(client.truncate ? printed.slice(0, printed.length / 2) : printed);
  }
}

/** Some nodes failed, the others were printed. hashicorp/go-multierror. */
export function joinErrors(errors: readonly string[]): Error {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return new Error(`${count} occurred:\n${errors.map((error) => `\t* ${error}\n`).join("")}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
