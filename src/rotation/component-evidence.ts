import { authorityType } from "./authority-type.ts";

/** Components report the host CA only; for every other type their rows say nothing (reference 3.1, recordings). */
export function reportedByComponents(type: string): boolean {
  return authorityType(type)?.reportedByComponents ?? false;
}
