import { authorityType } from "../rotation/authority-type.ts";
import type { GuardInput } from "./guard.ts";

/** Components report the host CA only; for every other type their rows say nothing (reference 3.1, recordings). */
export function reportedByComponents({ authority }: GuardInput): boolean {
  return authorityType(authority.type)?.reportedByComponents ?? false;
}
