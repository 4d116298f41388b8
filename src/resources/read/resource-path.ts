/** Whether a file is called as one that may hold resources. */
export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** Nobody keeps resources there: a path, with `/`, through a folder or to a file that is called so. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "node_modules");
}
