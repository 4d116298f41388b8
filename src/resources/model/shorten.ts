/** A key that somebody put into git by mistake: bad enough without printing it into a public log. */
export function holdsSecret(text: string): boolean {
  if (/PRIVATE KEY|AGE-SECRET-KEY-/i.test(text)) return true;
  // PEM in base64, as machine configurations have it.
  const blocks = text.match(/LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,80}/g) ?? [];
  return blocks.some((block) => Buffer.from(block, "base64").includes("PRIVATE KEY"));
}

/** For messages: the beginning of what may be very long. */
export function shorten(text: string, length = 72): string {
  if (holdsSecret(text)) return "(a private key)";
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
