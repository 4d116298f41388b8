import { runShim } from "./shim.ts";

await runShim("kubectl", async () => (await import("./kubectl.ts")).kubectl);
