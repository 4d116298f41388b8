/** How many CAs of one cluster may rotate at a time. */
export interface RotationLimit {
  /** Whatever the policy allows; `null`: the policy alone decides. */
  readonly atMost: { readonly rotations: number; readonly reason: string } | null;
  /** CAs that move together in one rotation, and count as one; each in the order in which it moves. */
  readonly together: readonly (readonly string[])[];
}

/** Whether two CAs move together. */
export function isPair({ together }: RotationLimit, left: string, right: string): boolean {
  return left !== right && together.some((types) => types.includes(left) && types.includes(right));
}

/** How many rotations these types are when those that move together count as one. */
export function rotationUnits({ together }: RotationLimit, types: readonly string[]): number {
  return new Set(types.map((type) => together.find((pair) => pair.includes(type))?.[0] ?? type)).size;
}
