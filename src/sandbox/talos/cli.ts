import type { SandboxFile } from "./sandbox-file.ts";

/** What an emulated executable sees of the world. */
export interface CliWorld {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file names start here. */
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly sandbox: SandboxFile;
  /** Fires when the caller is gone: nothing is asked of a machine any more. Absent where that ends the process. */
  readonly signal?: AbortSignal;
}
