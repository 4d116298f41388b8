import { describe, expect, it } from "vitest";
import type { PemPair } from "../../../src/sandbox/talos/certificates.ts";
import { cluster, nextAuthority, type Outcome, probe, type StateName, stateOf, until } from "./harness.ts";

/**
 * TA 2.3 (5): which client may talk to a node in which state. Each cell is a TLS connection to a control plane and
 * one to a worker.
 */
const STATES = ["S0", "S1", "S2", "S3"] as const satisfies readonly StateName[];
type Row = readonly [client: "O" | "N", trust: "O" | "N" | "O+N", ...outcomes: Outcome[]];

const MATRIX: readonly Row[] = [
  //            S0                  S1                  S2                  S3
  ["O", "O", "ok", "ok", "server untrusted", "server untrusted"],
  ["N", "O", "client rejected", "ok", "server untrusted", "server untrusted"],
  ["N", "O+N", "client rejected", "ok", "ok", "ok"],
  ["O", "O+N", "ok", "ok", "ok", "client rejected"],
  ["N", "N", "server untrusted", "server untrusted", "ok", "ok"],
];

describe("who may talk to a node", () => {
  it("follows the matrix on control planes and workers, forwards and back again", async () => {
    const test = await cluster({ controlPlanes: 2, workers: 1 });
    const old = test.running.secrets.talos;
    const next = await nextAuthority("talos");
    const pick: Readonly<Record<string, readonly PemPair[]>> = { O: [old], N: [next], "O+N": [old, next] };
    const configs = await Promise.all(
      MATRIX.map(async ([client, trust]) => test.talosconfig(client === "O" ? old : next, pick[trust] ?? [])),
    );
    const admin: Readonly<Record<StateName, string>> = {
      S0: await test.talosconfig(old, [old, next]),
      S1: await test.talosconfig(next, [old, next]),
      S2: await test.talosconfig(next, [old, next]),
      S3: await test.talosconfig(next, [old, next]),
    };
    let current: StateName = "S0";
    for (const state of ["S0", "S1", "S2", "S3", "S2", "S1", "S0"] as const) {
      if (state !== current) {
        for (const node of test.nodes) {
          const machine = test.running.machine(node);
          const before = machine.apid.certificates;
          expect((await test.bring(admin[current], node, stateOf("talos", state, old, next))).exit).toBe(0);
          await until("the new state in effect", () => machine.apid.certificates !== before);
        }
      }
      current = state;
      for (const node of test.nodes) {
        const seen = await Promise.all(configs.map((config) => probe(test, config, node)));
        const column = STATES.indexOf(state) + 2;
        expect(seen, `${node} in ${state}`).toEqual(MATRIX.map((row) => row[column]));
      }
    }
  });
});
