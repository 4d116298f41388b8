/** What has a terminal put text into the clipboard (OSC 52), also through SSH; one that cannot ignores it. */
export function clipboardSequence(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
}
