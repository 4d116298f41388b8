/** Reads all certificates of a folder and checks who signed them, and no more. */
import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const [folder = ".", rootFile = ""] = process.argv.slice(2);
const root = new X509Certificate(await readFile(rootFile));
let good = 0;
for (const name of await readdir(folder)) {
  const certificate = new X509Certificate(await readFile(join(folder, name)));
  if (certificate.checkIssued(root) && certificate.verify(root.publicKey)) good += 1;
}
process.stdout.write(`${good}\n`);
