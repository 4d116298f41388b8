import type { TalosMinor } from "./dialect.ts";

/** What a Talos sandbox is asked to be. */
export interface TalosSandboxOptions {
  readonly dir: string;
  /** Which Talos to be: its layout of the Kubernetes CA, output shapes and texts. */
  readonly talos: TalosMinor;
  readonly controlPlanes?: number;
  readonly workers?: number;
  /** Every lag of the real thing is divided by this. */
  readonly speed?: number;
  /** Repeats what is left to chance: which text a refusal has, and which control plane answers a worker. */
  readonly seed?: number;
}
