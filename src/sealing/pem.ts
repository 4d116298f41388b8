import { PemConverter } from "@peculiar/x509";

/** With the line feed at the end without which Talos loses certificates (reference talos-rotation 2.1). */
export function pem(label: string, der: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  return `${PemConverter.encode(der, label)}\n`;
}
