/** Looking into parsed YAML and JSON. Kept apart from anything heavy, for the executables. */
export interface Tree {
  readonly [key: string]: unknown;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty tree where there is none. */
export function branch(value: unknown): Tree {
  return isTree(value) ? value : {};
}

/** Empty where there is no text. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

export function encodeBase64(plain: string): string {
  return Buffer.from(plain).toString("base64");
}

export function decodeBase64(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
