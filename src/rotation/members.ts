import type { ComponentKind } from "./observation.ts";

/** What a component is found by. */
interface Identified {
  readonly kind: ComponentKind;
  readonly id: string;
}

/** Who is in a list. */
export interface Members {
  has(one: Identified): boolean;
}

const known = new WeakMap<readonly Identified[], Members>();

/** Made once for each list, of the ids that it holds already: there may be a million of them, asked for several times. */
export function membersOf(list: readonly Identified[]): Members {
  const made = known.get(list);
  if (made !== undefined) return made;
  const ids = new Map<ComponentKind, Set<string>>();
  for (const { kind, id } of list) {
    const ofKind = ids.get(kind);
    if (ofKind === undefined) ids.set(kind, new Set([id]));
    else ofKind.add(id);
  }
  const members: Members = { has: ({ kind, id }) => ids.get(kind)?.has(id) ?? false };
  known.set(list, members);
  return members;
}
