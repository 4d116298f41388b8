/**
 * A PEM block in lines of 64, with the line feed at its end without which Talos loses certificates (reference
 * talos-rotation 2.1).
 */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
