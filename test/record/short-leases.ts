import type { Plugin } from "esbuild";

/** Builds with other lengths of leases in the place of the real ones, so that a test can wait for the end of one. */
export function shortLeases(leaseMs: number): Plugin {
  const times = { LEASE_MS: leaseMs, HEARTBEAT_MS: leaseMs / 5, SKEW_MS: leaseMs / 5 };
  const contents = Object.entries(times)
    .map(([name, ms]) => `export const ${name} = ${ms};`)
    .join("\n");
  return {
    name: "short-leases",
    setup(made) {
      made.onLoad({ filter: /[\\/]lease-times\.ts$/ }, () => ({ contents, loader: "ts" }));
    },
  };
}
