/** With the line feed at the end without which Talos loses certificates (reference talos-rotation 2.1). */
export function pem(label: string, der: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  const bytes = der instanceof ArrayBuffer ? new Uint8Array(der) : der;
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
