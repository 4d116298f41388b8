import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cluster, type Run } from "./harness.ts";

function run(file: string, argv: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    execFile(file, [...argv], { env, cwd: "/" }, (error, stdout, stderr) => {
      const exit = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exit, stdout, stderr });
    });
  });
}

describe("the executables", () => {
  // On addresses of their own, and behind a table of ports where a system has only 127.0.0.1.
  it.each([false, true])(
    "work as processes, from a folder with a space in its name (mapped: %s)",
    async (mapped) => {
      const test = await cluster({ controlPlanes: 1, workers: 1, mapped });
      const { talosctl, kubectl, talosconfig, directory } = test.running.info;
      expect(directory).toContain(" ");
      const [worker = ""] = test.workers;
      const env = { TALOSCONFIG: talosconfig };
      const version = await run(talosctl, ["-n", worker, "version", "--json"], env);
      expect(version).toMatchObject({ exit: 0, stderr: "" });
      expect(JSON.parse(version.stdout)).toMatchObject({ version: { tag: "v1.13.9" } });
      const missing = await run(talosctl, ["-n", worker, "get", "mc", "nosuch"], env);
      expect(missing).toMatchObject({ exit: 1, stdout: "" });
      expect(missing.stderr).toContain("code = NotFound");
      const kubeconfig = join(directory, "kube config");
      expect(
        await run(talosctl, ["-n", test.endpoint, "kubeconfig", kubeconfig, "--merge=false"], env),
      ).toMatchObject({ exit: 0 });
      expect(await run(kubectl, ["get", "--raw", "/readyz"], { KUBECONFIG: kubeconfig })).toEqual({
        exit: 0,
        stdout: "ok",
        stderr: "",
      });
      const certificate = await run(kubectl, [
        "--kubeconfig",
        kubeconfig,
        "get",
        "cm",
        "kube-root-ca.crt",
        "-n",
        "default",
        "-o",
        "json",
      ]);
      expect(JSON.parse(certificate.stdout).data["ca.crt"]).toBe(test.running.secrets.kubernetes.crt);
    },
  );

  it("leave what gen config would leave, readable by the owner only", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 0 });
    const { talosconfig, readerTalosconfig, secrets, directory } = test.running.info;
    expect((await readdir(directory)).sort()).toEqual([
      "bin",
      "secrets.yaml",
      "talos.json",
      "talosconfig",
      "talosconfig-reader",
    ]);
    for (const file of [talosconfig, readerTalosconfig, secrets])
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    const bundle = parse(await readFile(secrets, "utf8")) as {
      certs: { os: { crt: string } };
      trustdinfo: { token: string };
    };
    expect(Buffer.from(bundle.certs.os.crt, "base64").toString()).toBe(test.running.secrets.talos.crt);
    expect(bundle.trustdinfo.token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    // Nothing that runs knows a private key by name or argument.
    expect(await readFile(join(directory, "talos.json"), "utf8")).not.toContain("KEY");
  });
});

describe("the machines' ports", () => {
  it("show a certificate to anybody, before it matters who asks (TA 2.3)", async () => {
    const test = await cluster({ controlPlanes: 1, workers: 1, talos: "1.14" });
    const isOwnAddress = test.endpoint.startsWith("127.");
    if (!isOwnAddress) return;
    const seen = async (host: string, port: number): Promise<{ subject: string; chain: number }> =>
      await new Promise((resolve, reject) => {
        const socket = connect({ host, port, rejectUnauthorized: false }, () => {
          const certificate = socket.getPeerX509Certificate();
          const chain = certificate?.issuerCertificate === undefined ? 1 : 2;
          resolve({ subject: certificate?.subject ?? "", chain });
          socket.destroy();
        });
        socket.on("error", reject);
      });
    expect(await seen(test.endpoint, 50_000)).toEqual({ subject: "CN=controlplane-1", chain: 1 });
    expect(await seen(test.workers[0] ?? "", 50_000)).toEqual({ subject: "CN=worker-1", chain: 1 });
    expect((await seen(test.endpoint, 50_001)).subject).toBe("CN=controlplane-1");
    // Since 1.14 the API server sends its CA along.
    expect(await seen(test.endpoint, 6443)).toEqual({
      subject: "O=kube-master\nCN=kube-apiserver",
      chain: 2,
    });
  });

  it("several clusters run side by side", async () => {
    const [one, two] = await Promise.all([
      cluster({ controlPlanes: 1, workers: 0 }),
      cluster({ controlPlanes: 1, workers: 0 }),
    ]);
    expect(one.endpoint).not.toBe(two.endpoint);
    expect((await one.ask(one.endpoint, "version")).exit).toBe(0);
    // One cluster's administrator is nobody in the other.
    const stranger = await two.talosctl(
      "--talosconfig",
      one.running.info.talosconfig,
      "-e",
      two.endpoint,
      "-n",
      two.endpoint,
      "version",
    );
    expect(stranger.stderr).toContain("certificate signed by unknown authority");
  });
});
