import packageJson from "../../package.json" with { type: "json" };

/** One schema for all kinds, made by the build from those of each. */
export const COMBINED_SCHEMA = "capstan.schema.json";

/** Where the schemas of this release are; the repository is the one that `package.json` names. */
export function releaseSchemas(): string {
  const place = /github\.com\/(.+?)\.git$/.exec(packageJson.repository.url)?.[1] ?? "";
  return `https://raw.githubusercontent.com/${place}/v${packageJson.version}/schemas`;
}

/** The combined schema below an address or a folder. */
export function schemaBelow(base: string): string {
  return `${base.replace(/\/+$/, "")}/${COMBINED_SCHEMA}`;
}
