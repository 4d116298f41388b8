/** One path component that any git server takes for a ref, whatever the cluster is called. */
export function refComponent(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!~*'()]/g, percent)
    .replace(/^\.|\.$|\.(?=\.)|\.(?=lock$)/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
