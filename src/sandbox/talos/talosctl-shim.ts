import { runShim } from "./shim.ts";

await runShim(async () => (await import("./talosctl.ts")).talosctl);
