import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { parseRecord } from "../../src/record/parse.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { asWritten } from "../world/as-written.ts";
import { CLUSTER } from "../world/host-rotation.ts";
import { jsonWith, pathsOf } from "./mutators.ts";
import { TalosStage } from "./talos-stage.ts";
import { isReady, TeleportStage } from "./teleport-stage.ts";

/** What guards rest on, by the listing that has it: places whose names are joined by dots. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  "tctl get cert_authority --format=json": [
    "0",
    "0.spec",
    "0.spec.rotation",
    "0.spec.rotation.phase",
    "0.spec.rotation.mode",
    "0.spec.rotation.current_id",
    "0.spec.active_keys",
    "0.spec.active_keys.tls",
    "0.spec.active_keys.tls.0",
    "0.spec.active_keys.tls.0.cert",
    "0.spec.additional_trusted_keys",
    "0.spec.additional_trusted_keys.tls",
    "0.spec.additional_trusted_keys.tls.0",
    "0.spec.additional_trusted_keys.tls.0.cert",
  ],
  ...Object.fromEntries(
    ["auth_servers", "proxies", "nodes", "db_servers", "kube_servers"].map((kind) => [
      `tctl get ${kind} --format=json`,
      [
        "0",
        "0.metadata",
        "0.metadata.expires",
        "0.spec",
        "0.spec.rotation",
        "0.spec.rotation.phase",
        "0.spec.rotation.current_id",
        kind.startsWith("db") || kind.startsWith("kube") ? "0.spec.host_id" : "0.metadata.name",
      ],
    ]),
  ),
};

/** A record without an id is one of a run that ended before it saw what it had asked for: the keys tell then. */
const OF_RECORD = ["rotations.0", "rotations.0.retire", "rotations.0.roster", "rotations.0.phases"];

type Entries = Parameters<Parameters<typeof jsonWith>[2]>[0];
/** How a fact is not there. */
const DAMAGES: Readonly<Record<string, (entries: Entries, at: number) => Entries>> = {
  dropped: (entries, at) => entries.filter((_, index) => index !== at),
  "called otherwise": (entries, at) =>
    entries.map(([name, value], index) => (index === at ? [`${name}2`, value] : [name, value])),
  null: (entries, at) => entries.map(([name, value], index) => [name, index === at ? null : value]),
  "of another type": (entries, at) =>
    entries.map(([name, value], index) => [
      name,
      index === at ? (typeof value === "string" ? 7 : "x") : value,
    ]),
};

describe("a step is not ready on facts that are not there", () => {
  let walk: Awaited<ReturnType<typeof TeleportStage.walk>>;
  beforeAll(async () => {
    walk = await TeleportStage.walk(["init", "update_clients", "update_servers"]);
  });
  afterAll(async () => walk.stop());
  const stage = (next: string) => {
    const found = walk.stages.find((one) => one.next === next);
    if (found === undefined) throw new Error(`no stage before ${next}`);
    return found;
  };

  /** A diagnostic is as good as a step that is blocked; whatever else is thrown is neither. */
  async function isReadyFrom(one: TeleportStage, record?: () => ClusterRecord): Promise<boolean> {
    try {
      return isReady(await one.plan(record?.()));
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      return false;
    }
  }

  describe.each(["update_clients", "update_servers", "standby"])("%s", (next) => {
    it("is ready on facts that are there", async () => {
      expect(await isReadyFrom(stage(next))).toBe(true);
    });

    it.each(Object.entries(FACTS))("%s", async (call, facts) => {
      const { replies } = stage(next);
      const ready = await readyWithout(JSON.parse(replies.stdoutOf(call)), facts, (text) =>
        replies.with(call, text, () => isReadyFrom(stage(next))),
      );
      expect(ready).toEqual([]);
    });

    it.each(["", "[]\n", "null\n", "{}\n", "[null]\n", "[[]]\n", "[{}]\n"])(
      "a listing that is %j",
      async (text) => {
        const ready: string[] = [];
        for (const call of Object.keys(FACTS)) {
          if (await stage(next).replies.with(call, text, () => isReadyFrom(stage(next)))) ready.push(call);
        }
        expect(ready).toEqual([]);
      },
    );

    it("the record", async () => {
      const ready = await readyWithout(asWritten(stage(next).record), OF_RECORD, (text) =>
        isReadyFrom(stage(next), () => parseRecord(text, "the record", CLUSTER)),
      );
      expect(ready).toEqual([]);
    });
  });
});

/** With which damages to which of the facts a step is ready; each fact has to be there. */
async function readyWithout(
  whole: unknown,
  facts: readonly string[],
  isReadyWith: (text: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const places = pathsOf(whole).filter((path) => facts.includes(path.join(".")));
  expect(places).toHaveLength(facts.length);
  const ready: string[] = [];
  for (const path of places) {
    for (const [damage, change] of Object.entries(DAMAGES)) {
      // An element of a list has no name.
      if (damage === "called otherwise" && typeof path.at(-1) === "number") continue;
      if (await isReadyWith(jsonWith(whole, path, change))) ready.push(`${path.join(".")} ${damage}`);
    }
  }
  return ready;
}

/** What a step on Talos rests on, by the end of the call that tells it. */
const OF_TALOS: Readonly<Record<string, readonly (readonly [string, (text: string) => string])[]>> = {
  "get machineconfig -o yaml": [
    ["no configuration", (text) => text.replace(/^spec: [\s\S]*$/m, "")],
    ["no CA that signs", (text) => text.replace(/^( +)ca:\n(\1 +.*\n)+/m, "")],
    ["a certificate that is none", (text) => text.replace(/crt: LS0t/g, "crt: AAAA")],
  ],
  "version --json": [["no version", (text) => text.replaceAll(/"tag": ?"[^"]*"/g, '"tag":""')]],
  "get timestatus -o yaml": [["no state of the clock", (text) => text.replace(/^spec:[\s\S]*$/m, "")]],
  "get members -o yaml": [],
};

it("a step on Talos is not ready on facts that are not there", async () => {
  const stage = await TalosStage.begin();
  expect(isReady(await stage.plan())).toBe(true);
  const ready: string[] = [];
  for (const [end, damages] of Object.entries(OF_TALOS)) {
    const calls = stage.replies.calls.filter((call) => call.endsWith(end));
    expect(calls, end).not.toEqual([]);
    for (const call of calls) {
      const whole = stage.replies.stdoutOf(call);
      for (const [damage, change] of [["nothing", () => ""] as const, ["half", half] as const, ...damages]) {
        const text = change(whole);
        expect(text, `${call}: ${damage}`).not.toBe(whole);
        const plan = await stage.replies.with(call, text, () => stage.plan());
        if (isReady(plan)) ready.push(`${call.replace(/^.*--nodes/, "")}: ${damage}`);
      }
    }
  }
  expect(ready).toEqual([]);
});

function half(text: string): string {
  return text.slice(0, text.length / 2);
}
