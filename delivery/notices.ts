import type { BundledPackage } from "./bundled-packages.ts";

const RULE = "=".repeat(80);

const HEAD = `capstan is licensed under the Apache License 2.0, which is in LICENSE.
It contains code of the packages below, under the licenses that follow.
`;

/** The text of THIRD-PARTY-NOTICES: every package of which code is delivered, with its license. */
export function notices(packages: readonly BundledPackage[]): string {
  const parts = packages.map(
    ({ name, version, license, texts }) =>
      `${RULE}\n${name} ${version} (${license})\n${RULE}\n\n${texts.map((text) => `${plain(text)}\n`).join("\n")}`,
  );
  return [HEAD, ...parts].join("\n");
}

/** As it was written, but for the line ends of other systems and what nobody sees. */
function plain(text: string): string {
  return text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .replace(/[ \t]+$/gm, "")
    .trim();
}
