/** What of a stream matters here. */
interface Stream {
  readonly isTTY?: boolean | undefined;
}

/**
 * Whether a screen can be drawn and its keys read. Where it cannot, the commands print text: in a pipe, in CI,
 * and on a terminal that cannot move its cursor. Kept free of imports: text commands ask it too.
 */
export function canDraw(
  env: Readonly<Record<string, string | undefined>>,
  { stdin, stdout }: { readonly stdin: Stream; readonly stdout: Stream },
): boolean {
  if (stdin.isTTY !== true || stdout.isTTY !== true) return false;
  const ci = env["CI"] ?? "";
  return env["TERM"] !== "dumb" && (ci === "" || ci === "false" || ci === "0");
}
