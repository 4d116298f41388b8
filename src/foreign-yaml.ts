import { parse } from "yaml";

/**
 * The value of a file that somebody else wrote, as YAML; `undefined` for what is none. Nothing is said of it: errors and
 * warnings of the parser quote the line, and the line may be a key.
 */
export function foreignYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}
