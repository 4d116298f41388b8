import { Failure } from "../failure.ts";
import type { Approved } from "../planner/saved/approved.ts";

/** `--expect`: `sha256:…` is the whole plan, `CLUSTER=sha256:…` a part of it. */
export function expectations(given: readonly string[] | undefined): readonly Approved[] {
  const parts = (given ?? []).map((text) => {
    const [, cluster, fingerprint] = /^(?:(.+)=)?(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
    if (fingerprint !== undefined) return { cluster: cluster ?? null, fingerprint };
    throw new Failure("usage", `${text} is no fingerprint`, {
      hint: "--expect takes sha256: and 64 hex digits, of the plan, or CLUSTER=sha256:… of one of its clusters",
    });
  });
  const whole = parts.filter(({ cluster }) => cluster === null);
  const named = parts.flatMap(({ cluster, fingerprint }) =>
    cluster === null ? [] : [[cluster, fingerprint] as const],
  );
  const twice = named.find(([cluster], index) => named.findIndex(([other]) => other === cluster) !== index);
  if (twice !== undefined) throw new Failure("usage", `--expect names ${twice[0]} twice`);
  return [
    ...whole.map(({ fingerprint }) => ({ by: "plan", fingerprint }) as const),
    ...(named.length === 0 ? [] : [{ by: "clusters", fingerprints: new Map(named) } as const]),
  ];
}
