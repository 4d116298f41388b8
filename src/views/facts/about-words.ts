/** One colon between what a sentence is about and what it says. */
export function aboutText({
  subject,
  message,
}: {
  readonly subject: string;
  readonly message: string;
}): string {
  return `${subject}: ${message}`;
}
