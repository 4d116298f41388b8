import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeArtifacts } from "../../src/cli/artifact-files.ts";
import { openEventFile } from "../../src/cli/event-file.ts";
import { writeObservations } from "../../src/cli/observations-file.ts";
import { runHere } from "../world/command-line.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-hostile-paths-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

describe("files that are written: what a pull request may name", () => {
  const validate = async (field: string, path: string, env: NodeJS.ProcessEnv = {}) => {
    await writeFile(
      join(folder, "cluster.yaml"),
      `kind: cluster
version: v1
metadata: { name: lab }
spec:
  platform: talos
  talos:
    talosconfig: talosconfig
    control_planes: [10.0.0.2]
    clients:
      ${field}: ${JSON.stringify(path)}
`,
    );
    return await runHere(["validate"], { cwd: folder, env });
  };

  it.each([
    ["talosconfig", "/etc/passwd"],
    ["kubeconfig", "/root/.kube/config"],
    ["talosconfig", "../../etc/x"],
    ["kubeconfig", ".git/config"],
    ["talosconfig", ".capstan/../.git/hooks/post-checkout"],
    ["kubeconfig", "cluster.yaml"],
    ["talosconfig", ".capstan/record/lab.json"],
  ])("%s: %s is refused offline, with file and line", async (field, path) => {
    const { exit, stdout, stderr } = await validate(field, path);
    expect(exit).toBe(1);
    expect(stdout + stderr).toMatch(/cluster\.yaml:10/);
    expect(stdout + stderr).toContain(`spec.talos.clients.${field}`);
  });

  it("below .capstan/, or where the operator's environment allows it, is Valid", async () => {
    expect((await validate("kubeconfig", ".capstan/clients/kubeconfig")).exit).toBe(0);
    expect((await validate("kubeconfig", "/srv/clients/x", { CAPSTAN_WRITE: "/srv/clients" })).exit).toBe(0);
  });

  it("a variable that leads elsewhere is refused, and not printed", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what a resource says
    const ran = await validate("kubeconfig", "${CAPSTAN_VAR_PLACE}/kubeconfig", {
      CAPSTAN_VAR_PLACE: "/srv/hidden",
    });
    expect(ran.exit).toBe(1);
    expect(ran.stdout + ran.stderr).toMatch(/absolute\s+path/);
    expect(ran.stdout + ran.stderr).not.toContain("/srv/hidden");
  });
});

describe("files that are written: what a flag names", () => {
  const artifact = { path: "lab/host/bundle.pem", bytes: Buffer.from("PEM") };

  it("artifacts never leave their folder by a link that was committed there", async () => {
    const out = join(folder, "out");
    await mkdir(join(out, "lab"), { recursive: true });
    await mkdir(join(folder, "elsewhere"));
    await symlink(join(folder, "elsewhere"), join(out, "lab", "host"));
    await expect(writeArtifacts(out, [artifact as never])).rejects.toThrow("is a symbolic link");
    expect(await readdir(join(folder, "elsewhere"))).toEqual([]);
  });

  it("--events never writes through a link, nor over anything", async () => {
    await writeFile(join(folder, "precious"), "");
    await symlink(join(folder, "precious"), join(folder, "run.jsonl"));
    await expect(openEventFile(join(folder, "run.jsonl"))).rejects.toThrow("is a symbolic link");
    expect(await readFile(join(folder, "precious"), "utf8")).toBe("");
  });

  it("--observations neither", async () => {
    await symlink(join(folder, "nowhere"), join(folder, "seen.json"));
    await expect(writeObservations(join(folder, "seen.json"), [])).rejects.toThrow("is a symbolic link");
    expect((await readdir(folder)).toSorted()).toEqual(["seen.json"]);
  });
});
