import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Printed, TimelessTeleport } from "./harness.ts";

let teleport: TimelessTeleport;
let folder: string;
let events: Readonly<Record<string, unknown>>[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsh-"));
  teleport = await TimelessTeleport.start({ agentless: ["127.0.0.1:2201"] });
  events = [];
  teleport.platform.world.audit = (event) => events.push(event);
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await teleport.platform.stop();
});

/** An identity file of a person, of now. */
async function person(ttl: string): Promise<string> {
  const file = join(folder, `person-${ttl}`);
  await teleport.ok("auth", "sign", "--user=ada", `--out=${file}`, `--ttl=${ttl}`);
  return file;
}

const run = (tool: string, ...argv: readonly string[]): Promise<Printed> => teleport.run(tool, ...argv);
const as = (file: string, ...words: readonly string[]) =>
  run("tsh", `--identity=${file}`, "--proxy=127.0.0.1:3080", ...words);

describe("tsh of a person", () => {
  it("lists nodes, those without an agent too, and logs in to each", async () => {
    const file = await person("1h");
    const nodes = JSON.parse((await as(file, "ls", "--format=json")).stdout);
    expect(nodes).toHaveLength(5);
    for (const { spec } of nodes)
      expect((await as(file, "ssh", `root@${spec.hostname}`, "true")).exit).toBe(0);
    expect((await as(file, "ssh", "root@nobody", "true")).exit).toBe(1);
  });

  it("whose certificate has expired is let in nowhere", async () => {
    const file = await person("1h");
    await teleport.pass(3_601);
    const { exit, stderr } = await as(file, "ssh", "root@node1", "true");
    expect([exit, stderr]).toEqual([1, expect.stringContaining("expired certificate")]);
  });

  it("whose certificate is of the old user CA is let in until standby", async () => {
    const file = await person("99h");
    for (const phase of ["init", "update_clients", "update_servers"]) {
      await teleport.rotate("user", phase);
      expect((await as(file, "ssh", "root@node1", "true")).exit, phase).toBe(0);
    }
    await teleport.rotate("user", "standby");
    expect((await as(file, "ssh", "root@node1", "true")).stderr).toContain("unknown certificate authority");
    // The read that a signature rests on may be stale.
    await teleport.pass(5);
    expect((await as(await person("1h"), "ssh", "root@node1", "true")).exit).toBe(0);
  });

  it("opens Kubernetes by a profile, and not without one", async () => {
    const file = await person("1h");
    const home = join(folder, "home");
    expect((await run("tsh", `--home=${home}`, "kube", "login", "staging")).stderr).toContain(
      "Not logged in",
    );
    await as(file, `--home=${home}`, "login");
    expect((await run("tsh", `--home=${home}`, "kube", "login", "staging")).exit).toBe(0);
    expect((await run("tsh", `--home=${home}`, "kubectl", "get", "--raw=/readyz")).stdout).toBe("ok");
    expect((await run("tsh", `--home=${home}`, "kube", "login", "other")).exit).toBe(1);
  });
});

describe("what goes into the audit log", () => {
  it("is the start of a session in a database, and of one at a desktop", async () => {
    await as(await person("1h"), "db", "connect", "--db-user=ada", "orders");
    expect((await run("desktop-session", "win1")).exit).toBe(0);
    expect(events).toMatchObject([
      { event: "db.session.start", code: "TDB00I", success: true, cluster_name: "acme.cluster" },
      { event: "windows.desktop.session.start", code: "TDP00I", success: true, cluster_name: "acme.cluster" },
    ]);
    // Nobody put the new CA into place.
    await teleport.rotate("windows", "init");
    await teleport.rotate("windows", "update_clients");
    expect((await run("desktop-session", "win1")).exit).toBe(1);
    expect(events.at(-1)).toMatchObject({ code: "TDP00W", success: false });
    await teleport.ok("auth", "export", "--type=windows");
    expect((await run("desktop-session", "win1")).exit).toBe(0);
  });
});
