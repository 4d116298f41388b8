import { resolve } from "node:path";
import { type Served, serve } from "../serve.ts";
import type { TalosMinor } from "./dialect.ts";
import { TalosPlatform } from "./talos-platform.ts";

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

/** Brings a Talos sandbox up inside this process. */
export async function startTalosSandbox(
  options: TalosSandboxOptions,
  onEnd: () => void = () => {},
): Promise<Served> {
  const dir = resolve(options.dir);
  const platform = await TalosPlatform.start({ ...options, dir });
  return await serve({ dir, speed: options.speed ?? 1, platforms: [platform] }, onEnd);
}
