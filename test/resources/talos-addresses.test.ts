import { describe, expect, it } from "vitest";
import { loadResources } from "../../src/resources/read/load.ts";
import { described, folderWith } from "./folder.ts";

async function said(lines: readonly string[]): Promise<string> {
  const text = `kind: cluster
version: v1
metadata: { name: lab }
spec:
  platform: talos
  talos:
    talosconfig: lab/talosconfig
${lines.map((line) => `    ${line}\n`).join("")}`;
  const { diagnostics } = await loadResources(folderWith({ "lab.yaml": text }), {});
  return inOneLine(described(diagnostics));
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

describe("one machine has one address, in one spelling", () => {
  it.each([
    ["2001:db8::2", "2001:0db8:0:0:0:0:0:2"],
    ["2001:db8::2", "2001:DB8::2"],
    ["cp-1.example.com", "CP-1.example.com."],
    ["10.0.0.2", "10.0.0.2"],
  ])("%s and %s", async (first, second) => {
    const found = await said([`control_planes: ["${first}"]`, `workers: ["${second}"]`]);
    expect(found).toContain("spec.talos.workers[0] is the machine of spec.talos.control_planes[0]");
  });

  it.each([
    ["[2001:db8::2]", "has brackets", "write 2001:db8::2"],
    ["[2001:db8::2]:50000", "has brackets", "write 2001:db8::2"],
    ["fe80::1%eth0", "has a zone", "write an address that is the same from everywhere"],
    ["10.0.0.2:50000", "has a port", "write 10.0.0.2"],
    ["https://10.0.0.2", "is a URL", "write the host name or the IP address alone"],
  ])("%s is refused with what to write instead", async (address, what, instead) => {
    const found = await said([`control_planes: ["${address}"]`]);
    expect(found).toContain(`spec.talos.control_planes[0] ${what}`);
    expect(found).toContain(instead);
  });

  it("different machines, and a load balancer with a port, pass", async () => {
    expect(
      await said([
        'endpoints: ["lb.example.com:50000", "https://[2001:db8::9]:50000"]',
        'control_planes: ["2001:db8::2", "2001:db8::3", "cp-1.example.com"]',
        'workers: ["10.0.0.4"]',
      ]),
    ).toBe("");
  });
});

describe("recipients that nobody can seal for are refused before anything is applied", () => {
  it.each([
    [
      "age1yubikey1qgfu5h3a5nqz0gw0y0e0p0v0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0qm3z6rl",
      "plugin age-plugin-yubikey",
    ],
    ["age1se1qgfu5h3a5nqz0gw0y0e0p0v0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0qm3z6rl", "plugin age-plugin-se"],
    ["age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3ggf", "its checksum does not fit"],
    ["age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3gg", "its checksum does not fit"],
  ])("%s", async (recipient, what) => {
    const found = await said(['control_planes: ["10.0.0.2"]', `recipients: [${recipient}]`]);
    expect(found).toContain("spec.talos.recipients[0]");
    expect(found).toContain(what);
  });

  it("of a Teleport backup, too; and those of age-keygen pass", async () => {
    const teleport = (recipient: string) =>
      folderWith({
        "c.yaml": `kind: cluster\nversion: v1\nmetadata: { name: acme }\nspec:\n  platform: teleport\n  backup: { recipients: [${recipient}] }\n`,
      });
    const own = "age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3gge";
    expect(described((await loadResources(teleport(own), {})).diagnostics)).toBe("");
    const found = await loadResources(teleport("age1yubikey1qgfu5h3a5nqz0gw0y0e0p0v0"), {});
    expect(inOneLine(described(found.diagnostics))).toContain(
      "spec.backup.recipients[0] is for the plugin age-plugin-yubikey",
    );
  });
});
