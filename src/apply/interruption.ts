import { Failure } from "../failure.ts";

/** Whether it is the end that a signal asked for, and no defect. */
export function isAbort(error: unknown): boolean {
  if (error instanceof Failure) return error.code === "interrupted";
  return error instanceof Error && error.name === "AbortError";
}
