import { catchUp } from "../planner/memory.ts";
import { iso } from "./clock.ts";
import type { View } from "./overrides.ts";
import type { RunContext } from "./run.ts";

/** Everything about one cluster as it is now; the record catches up with what happened while nobody looked. */
export async function lookAt(context: RunContext, cluster: string): Promise<View> {
  const platform = context.platforms.get(cluster);
  if (platform === undefined) throw new Error(`no platform was opened for ${cluster}`);
  const [observation, remembered] = await Promise.all([
    platform.observe({ components: "all" }),
    context.store.load(cluster),
  ]);
  const record = catchUp(remembered, observation, iso(context.clock.now()));
  if (JSON.stringify(record) !== JSON.stringify(remembered)) await context.store.save(record);
  return { observation, record };
}
