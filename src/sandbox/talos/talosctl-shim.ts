import { runShim } from "./shim.ts";

await runShim("talosctl", async () => (await import("./talosctl.ts")).talosctl);
