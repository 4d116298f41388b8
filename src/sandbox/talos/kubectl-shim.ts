import { runShim } from "./shim.ts";

await runShim(async () => (await import("./kubectl.ts")).kubectl);
