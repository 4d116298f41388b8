/** The key under which a component is remembered: `node/1f2e…`. */
export function keyOf(component: { readonly kind: string; readonly id: string }): string {
  return `${component.kind}/${component.id}`;
}
