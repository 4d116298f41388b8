import { resolve } from "node:path";
import { type Served, serve } from "../serve.ts";
import type { TalosSandboxOptions } from "./talos-options.ts";
import { TalosPlatform } from "./talos-platform.ts";

/** Brings a Talos sandbox up inside this process. */
export async function startTalosSandbox(
  options: TalosSandboxOptions,
  onEnd: () => void = () => {},
): Promise<Served> {
  const dir = resolve(options.dir);
  const platform = await TalosPlatform.start({ ...options, dir });
  return await serve({ dir, speed: options.speed ?? 1, platforms: [platform] }, onEnd);
}
