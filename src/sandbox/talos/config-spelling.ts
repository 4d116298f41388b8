/** Other ways to write the same configuration, as other tools and people do. */
export type Spelling = "folded" | "literal" | "aliased";

const CERTIFICATE = /^( +)crt: ([A-Za-z0-9+/=]{100,})$/gm;

export function spell(config: string, spelling: Spelling): string {
  switch (spelling) {
    case "folded":
      // js-yaml and yaml fold long strings, so Pulumi in TypeScript does (nodeca/js-yaml#467).
      return config.replace(CERTIFICATE, "$1crt: >-\n$1    $2");
    case "literal":
      return config.replace(CERTIFICATE, (_, indent: string, value: string) =>
        [`${indent}crt: |`, ...(value.match(/.{1,76}/g) ?? []).map((line) => `${indent}    ${line}`)].join(
          "\n",
        ),
      );
    case "aliased":
      return config
        .replace(/^( +)crt: ([A-Za-z0-9+/=]{100,})$/m, "$1crt: &own $2")
        .replace(/^machine:$/m, "machine:\n    acceptedCAs:\n        - crt: *own")
        .replace(
          /^machine:\n {4}acceptedCAs:\n(.*)\n([\s\S]*?)^( {4}# Extra)/m,
          "machine:\n$2    acceptedCAs:\n$1\n$3",
        );
  }
}
