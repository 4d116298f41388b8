import { readFile, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { encodeBase64 } from "../../src/sandbox/values.ts";
import { probe } from "../sandbox/talos/harness.ts";
import { Killed, TalosWorld } from "./world.ts";

/**
 * The acceptance scenarios of reference talos-rotation 8.4. Those of a kill (2) and of the ways back (3) have files of
 * their own; that the emulator is strict (5 and 6) is shown in test/sandbox/talos/strictness.test.ts, and in
 * rotation.test.ts that capstan keeps to the order that it insists on.
 */
const TYPES = ["talos", "kubernetes"] as const;
const LAYOUTS = [
  { talos: "1.13", layout: "legacy" },
  { talos: "1.14", layout: "document" },
] as const;

describe("1. the way there", () => {
  it.each(LAYOUTS)(
    "and 8. keeps foreign CAs and every other byte, for both CAs ($talos, $layout)",
    async (options) => {
      for (const type of TYPES) {
        const world = await TalosWorld.start(type, {
          ...options,
          foreign: true,
          controlPlanes: 1,
          workers: 1,
        });
        const { machines } = world.test.running;
        const first = machines.map(({ store }) => store.active);
        await world.walk("standby");
        const old = world.test.running.secrets[type];
        const next = { crt: world.next.certificate, key: await world.nextKey() };
        // A block in a list is indented by two less.
        const block = (pem: string, spaces: number) =>
          pem.trimEnd().replaceAll("\n", `\n${" ".repeat(spaces)}`);
        for (const [index, { store }] of machines.entries()) {
          const expected = [old.crt, old.key].reduce((text, pem, part) => {
            const wanted = part === 0 ? next.crt : next.key;
            return [6, 8].reduce(
              (result, spaces) => result.replaceAll(block(pem, spaces), block(wanted, spaces)),
              text.replaceAll(encodeBase64(pem), encodeBase64(wanted)),
            );
          }, first[index] ?? "");
          expect(store.active).toBe(expected);
          expect(store.persistent).toBe(expected);
        }
        expect(world.states().every((roles) => roles.includes("F") && !roles.includes("O"))).toBe(true);
      }
    },
  );

  it.each(TYPES)("on a single machine, for the %s CA", async (type) => {
    const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 0 });
    await world.walk("standby");
    expect(world.states()).toEqual(["N"]);
  });
});

describe("4. and the client configurations", () => {
  it("a client of the old CA is refused everywhere, what capstan wrote is not", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 2, workers: 1 });
    const old = world.test.running.secrets.talos;
    const { clients } = world.talos;
    await world.walk("init");
    const union = await readFile(clients.talosconfig ?? "", "utf8");
    await world.walk("update_servers");
    await world.walk("standby");
    const next = { crt: world.next.certificate, key: await world.nextKey() };
    const oldClient = await world.test.talosconfig(old, [old, next]);
    for (const node of world.test.nodes) {
      expect(await probe(world.test, oldClient, node)).toBe("client rejected");
      expect(await probe(world.test, clients.talosconfig ?? "", node)).toBe("ok");
      expect(await probe(world.test, await world.test.file(union), node)).toBe("ok");
    }
    const last = await readFile(clients.talosconfig ?? "", "utf8");
    expect(last).toContain(encodeBase64(next.crt));
    expect(union).toContain(encodeBase64(old.crt + next.crt));
    expect((await stat(clients.talosconfig ?? "")).mode & 0o777).toBe(0o600);
  });

  it("a kubeconfig is written when what it trusts, or who signed its user, has changed", async () => {
    const world = await TalosWorld.start("kubernetes", { controlPlanes: 1, workers: 1 });
    const old = world.test.running.secrets.kubernetes;
    const path = world.talos.clients.kubeconfig ?? "";
    const trusted = async () => {
      const [, ca = ""] = /certificate-authority-data: (\S+)/.exec(await readFile(path, "utf8")) ?? [];
      const text = Buffer.from(ca, "base64").toString("utf8");
      return [text.includes(old.crt) ? "O" : "", text.includes(world.next.certificate) ? "N" : ""].join("");
    };
    const seen: string[] = [];
    for (const phase of ["init", "update_clients", "update_servers", "standby"] as const) {
      await world.walk(phase);
      seen.push(await trusted());
      expect((await world.test.kubectl("--kubeconfig", path, "get", "nodes")).exit).toBe(0);
    }
    expect(seen).toEqual(["ON", "ON", "ON", "N"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe("7. a change that changes nothing", () => {
  it.each(TYPES)("does not hang and sends nothing, for the %s CA", async (type) => {
    const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 1 });
    await world.walk("update_servers");
    const starts = world.test.running.machines.map(({ kubelet }) => kubelet.starts);
    const before = world.applies;
    const platform = world.platform(world.desired("update_servers"));
    expect(await platform.transition({ authority: type, to: "update_servers" })).toMatchObject({
      accepted: true,
    });
    expect(world.applies).toBe(before);
    expect(world.test.running.machines.map(({ kubelet }) => kubelet.starts)).toEqual(starts);
  });
});

describe("9. private keys", () => {
  it.each(TYPES)(
    "of the %s CA are in nothing that is printed, passed, remembered or left behind",
    async (type) => {
      const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 1 });
      await world.walk("update_clients");
      world.appliesUntilKilled = 2;
      await expect(world.walk("update_servers")).rejects.toThrow(Killed);
      world.appliesUntilKilled = Number.POSITIVE_INFINITY;
      await world.walk("rollback");
      world.retry();
      await world.walk("standby");
      const { secrets } = world.test.running;
      const keys = [secrets.talos, secrets.kubernetes, secrets.etcd].map(({ key }) => key);
      const needles = [...keys, await world.nextKey()].flatMap((key) => [
        key.split("\n")[1] ?? "",
        encodeBase64(key).slice(60, 110),
      ]);
      needles.push("PRIVATE KEY", "AGE-SECRET-KEY", encodeBase64("-----BEGIN EC PRIVATE").slice(0, 24));
      const seen: Readonly<Record<string, string>> = {
        "arguments of executables": world.calls.map(({ argv }) => argv.join(" ")).join("\n"),
        "plans and events": world.printed.join("\n"),
        journal: JSON.stringify(world.store.journal),
        record: JSON.stringify(world.store.record),
        observations: JSON.stringify(await world.observe(world.desired("standby"))),
      };
      for (const [where, text] of Object.entries(seen)) {
        expect(text.length, where).toBeGreaterThan(100);
        for (const needle of needles)
          expect(text.includes(needle), `${where}: ${needle.slice(0, 12)}…`).toBe(false);
      }
      // The scan would find one: talosctl does print them.
      expect(world.calls.some(({ stdout }) => needles.some((needle) => stdout.includes(needle)))).toBe(true);
      expect(JSON.stringify(world.store.record)).toContain("BEGIN AGE ENCRYPTED FILE");
      expect(await world.leftBehind()).toEqual([]);
    },
  );
});

describe("a client that never stops", () => {
  it("calls every machine through the whole Talos rotation, and never fails", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 2, workers: 2 });
    await world.walk("init");
    const union = await world.test.file(await readFile(world.talos.clients.talosconfig ?? "", "utf8"));
    const failures: string[] = [];
    let calls = 0;
    let going = true;
    const loop = (async () => {
      while (going) {
        for (const node of world.test.nodes) {
          const runs = await Promise.all([
            world.test.directly(union, node, "version", "--json"),
            world.test.as(union, node, "get", "machinetype"),
          ]);
          calls += runs.length;
          failures.push(...runs.filter(({ exit }) => exit !== 0).map(({ stderr }) => `${node}: ${stderr}`));
        }
      }
    })();
    await world.walk("standby");
    going = false;
    await loop;
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(50);
    expect(world.states()).toEqual(["N", "N", "N", "N"]);
  });
});
