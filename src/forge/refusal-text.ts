/**
 * The error of a client, with what the forge said in one line. GitLab says `{"message": {"note": ["is too long"]}}`,
 * `{"error": "insufficient_scope", "error_description": "…"}` or plain text; GitHub and Gitea say `{"message": "…"}`,
 * which the client reads itself.
 */
export function messageOf(error: unknown): unknown {
  if (!(error instanceof Error) || !("response" in error)) return error;
  const { data } = (error.response ?? {}) as { readonly data?: unknown };
  const said = typeof data === "string" ? textOf(data) : objectsOf(data);
  if (said !== null) error.message = said;
  return error;
}

const LONGEST = 300;

/** A page of a proxy is no sentence. */
function textOf(data: string): string | null {
  const text = data.trim();
  if (/^<(?:!doctype|html)/i.test(text)) return "a page of HTML, so it may be a proxy that answers";
  return text === "" ? null : text.slice(0, LONGEST);
}

function objectsOf(data: unknown): string | null {
  if (typeof data !== "object" || data === null) return null;
  const { message, error, error_description } = data as Readonly<Record<string, unknown>>;
  if (typeof message === "object" && message !== null) return fieldsOf(message).slice(0, LONGEST);
  if (message !== undefined || typeof error !== "string") return null;
  return typeof error_description === "string" ? `${error}: ${error_description}` : error;
}

function fieldsOf(message: object): string {
  return Object.entries(message)
    .map(([field, said]) => `${field} ${Array.isArray(said) ? said.join(", ") : String(said)}`)
    .join("; ");
}
