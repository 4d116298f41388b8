import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../src/apply/event.ts";
import { readObservations, writeObservations } from "../../src/cli/observations-file.ts";
import { Failure } from "../../src/failure.ts";
import { makePlan } from "../../src/planner/planner.ts";
import { bindingOf, digestOf } from "../../src/planner/saved/fingerprint.ts";
import { planFileText, sealPlan } from "../../src/planner/saved/plan-file.ts";
import { readTalosconfig } from "../../src/platforms/talos/talosconfig.ts";
import { editTalosconfig } from "../../src/platforms/talos/talosconfig-edit.ts";
import { readTctlIdentity } from "../../src/platforms/teleport/tctl-identity.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { parseRecord } from "../../src/record/parse.ts";
import type { JournalEntry, RecordStore } from "../../src/record/store.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { diagnosticText } from "../../src/views/text/diagnostic-text.ts";
import { liveStatusText } from "../../src/views/text/live-status-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { pemBlocks, readCertificate } from "../../src/x509/decode.ts";
import { makeCertificate } from "../platforms/keys.ts";
import { FIXTURES, NOW as RESOURCES_NOW } from "../resources/folder.ts";
import { BUSY_PLAN, runOf } from "../views/tui/sample.ts";
import { runHere } from "../world/command-line.ts";
import { CLUSTER, desired, memory, NOW, observation, rotation } from "../world/host-rotation.ts";
import type { Form } from "./mutators.ts";
import type { TalosStage } from "./talos-stage.ts";
import type { TeleportStage } from "./teleport-stage.ts";

/** What became of an input: a diagnostic, or something was made of it. */
type Taken = "refused" | "taken";

/** One kind of what is read, with a valid text of it, and how it is read: what is thrown is a defect. */
export interface Reader {
  readonly name: string;
  readonly form: Form;
  readonly samples: readonly string[];
  read(bytes: Buffer, sample: number): Promise<Taken>;
}

/** Whatever a command would end with, by a sentence: everything else is a stack trace. */
async function unlessRefused(work: () => Promise<unknown>): Promise<Taken> {
  try {
    await work();
    return "taken";
  } catch (error) {
    if (error instanceof Failure) return "refused";
    throw error;
  }
}

/** As a command that reads a file: exit code and sentence. */
async function unlessExit(argv: readonly string[], cwd: string): Promise<Taken> {
  const { exit, stdout, stderr } = await runHere(argv, { cwd, env: {} });
  if (/bug of capstan|^\s+at .*:\d+:\d+\)?$/m.test(stdout + stderr)) throw new Error(stderr);
  return exit === 0 ? "taken" : "refused";
}

/** Every view of a plan, which is made of what was read. */
function views(observations: readonly ClusterObservation[], records: readonly ClusterRecord[]): string {
  const wanted = desired([rotation("update_clients")]);
  const plan = makePlan({ desired: wanted, observations, records, commit: null, now: NOW });
  return (
    planText(plan, plainPaint) + planMarkdown(plan) + liveStatusText(observations, plan, NOW, plainPaint)
  );
}

/** Those of the sample. */
const VARIABLES = {
  TELEPORT_AUTH_HOST: "a",
  TELEPORT_IDENTITY_FILE: "b",
  CAPSTAN_VAR_HOME: "/home/alice",
  CAPSTAN_VAR_CONTROL_PLANE: "10.0.0.3",
};
const JSON_TEXT = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Readers of files, below a folder of their own. */
export async function fileReaders(folder: string): Promise<readonly Reader[]> {
  const file = (name: string) => join(folder, name);
  const written = (name: string, bytes: Buffer) => {
    writeFileSync(file(name), bytes);
    return file(name);
  };
  const resources = ["everything-at-once.yaml", "a-talos-cluster.yaml"].map((name) =>
    readFileSync(join(FIXTURES, "accepted", name), "utf8"),
  );
  mkdirSync(file("resources"));
  const planFile = planFileOfNow();
  await writeObservations(file("seen-whole.json"), [observation("init")]);
  const events = runOf(BUSY_PLAN).map((event: RunEvent) => JSON.stringify(event));
  const memorized: ClusterRecord = { ...emptyRecord(CLUSTER), rotations: [memory("init")] };
  const locks = await lockTexts(folder);
  const kept = folderStore(file("kept"), () => NOW);
  return [
    {
      name: "resources",
      form: "yaml",
      samples: resources,
      async read(bytes) {
        written("resources/a.yaml", bytes);
        const { state, diagnostics } = await loadResources(file("resources"), VARIABLES, RESOURCES_NOW);
        diagnostics.map(diagnosticText).join("");
        if (diagnostics.length > 0) return "refused";
        makePlan({
          desired: state,
          observations: [observation("init")],
          records: [memorized],
          commit: null,
          now: NOW,
        });
        return "taken";
      },
    },
    {
      name: "plan files",
      form: "json",
      samples: [planFile],
      read: async (bytes) => {
        written("plan.json", bytes);
        return await unlessExit(["show", "plan.json"], folder);
      },
    },
    {
      name: "plan files that are sealed anew",
      form: "json",
      samples: [planFile],
      read: async (bytes) => {
        written("plan.json", sealedAnew(bytes));
        return await unlessExit(["show", "plan.json"], folder);
      },
    },
    {
      name: "observations",
      form: "json",
      samples: [readFileSync(file("seen-whole.json"), "utf8")],
      read: async (bytes) =>
        await unlessRefused(async () =>
          views((await readObservations(written("seen.json", bytes))) ?? [], [memorized]),
        ),
    },
    {
      name: "event files",
      form: "json-lines",
      samples: [`${events.join("\n")}\n`],
      read: async (bytes) => {
        written("run.jsonl", bytes);
        return await unlessExit(["replay", "run.jsonl", "--no-tui"], folder);
      },
    },
    {
      name: "records",
      form: "json",
      samples: [JSON_TEXT(memorized)],
      read: async (bytes) =>
        await unlessRefused(async () =>
          views([observation("init")], [parseRecord(bytes.toString(), "the record", CLUSTER)]),
        ),
    },
    {
      name: "journals",
      form: "json-lines",
      samples: [locks.journal],
      read: async (bytes) => {
        mkdirSync(file("kept"), { recursive: true });
        written("kept/journal.jsonl", bytes);
        return await unlessRefused(() => onceLocked(kept));
      },
    },
    {
      name: "locks",
      form: "json",
      samples: [locks.lock],
      read: async (bytes) => {
        const store = folderStore(file(LOCKED), () => NOW);
        written(locks.path, bytes);
        const told = await unlessRefused(() => store.lockState(CLUSTER));
        const shown = await unlessExit(["lock", "show"], file("locked"));
        return told === "taken" ? shown : told;
      },
    },
    {
      name: "talosconfigs",
      form: "yaml",
      samples: [TALOSCONFIG],
      read: async (bytes) =>
        await unlessRefused(async () => {
          editTalosconfig(bytes.toString(), "lab", ["10.0.0.2"], { ca: "YQ==", crt: "YQ==", key: "YQ==" });
          await readTalosconfig(written("talosconfig", bytes), "lab");
        }),
    },
  ];
}

/** The text of a plan file, as `plan --out` writes it. */
function planFileOfNow(): string {
  const wanted = desired([rotation("update_clients")]);
  const observations = [observation("init")];
  const plan = makePlan({ desired: wanted, observations, records: [], commit: null, now: NOW });
  const bound = { plan, binding: bindingOf(wanted, observations, plan.clusters) };
  return planFileText(sealPlan(bound, { madeAt: new Date(NOW).toISOString(), version: "0.0.0" }));
}

/** A plan file whose digest fits, so that what is in it is looked at; what is no JSON stays as it is. */
function sealedAnew(bytes: Buffer): Buffer {
  try {
    const { digest: _, ...sealed } = JSON.parse(bytes.toString());
    return Buffer.from(JSON.stringify({ ...sealed, digest: digestOf(sealed) }));
  } catch {
    return bytes;
  }
}

const HOLDER = { who: "alice", why: "apply" };
const ENTRY: JournalEntry = {
  at: new Date(NOW).toISOString(),
  run: "run",
  commit: null,
  cluster: CLUSTER,
  rotation: "host-2026-11",
  authority: "host",
  from: "init",
  to: "update_clients",
  what: "intended",
  detail: "",
};

/** A run that writes into the record. */
async function onceLocked(store: RecordStore): Promise<void> {
  const lock = await store.lock(CLUSTER, HOLDER, () => {});
  try {
    await store.append(ENTRY);
    await store.load(CLUSTER);
  } finally {
    await lock.release();
  }
}

/** Where a command finds the record that is called for outside of git. */
const LOCKED = join("locked", ".capstan");

/** What a held lock and a journal are like, by the product itself. */
async function lockTexts(folder: string) {
  const home = join(folder, LOCKED);
  const store = folderStore(home, () => NOW);
  const lock = await store.lock(CLUSTER, HOLDER, () => {});
  await store.append(ENTRY);
  const [path = ""] = readdirSync(join(home, "locks"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".json"),
  );
  const text = readFileSync(join(home, "locks", path), "utf8");
  const journal = readFileSync(join(home, "journal.jsonl"), "utf8");
  await lock.release();
  return { path: join(LOCKED, "locks", path), lock: text, journal };
}

const BASE64 = Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").toString(
  "base64",
);
const TALOSCONFIG = `context: lab
contexts:
    lab:
        endpoints:
            - 10.0.0.2
        nodes: [10.0.0.2]
        ca: ${BASE64}
        crt: ${BASE64}
        key: ${BASE64}
    other:
        auth:
            siderov1: { identity: a@example.com }
`;

/** Replies of `tctl`, certificates in them, and the identity that it is given. */
export async function teleportReaders(
  stage: TeleportStage | undefined,
  folder: string,
): Promise<readonly Reader[]> {
  if (stage === undefined) throw new Error("nothing was recorded");
  const calls = stage.replies.calls.filter((call) => stage.replies.stdoutOf(call).startsWith("["));
  const texts = stage.replies.calls.filter((call) => !calls.includes(call));
  const authorities = "tctl get cert_authority --format=json";
  const listed = stage.replies.stdoutOf(authorities);
  const [pem = ""] = [...listed.matchAll(/"cert": "([^"]+)"/g)].map(([, base64 = ""]) =>
    Buffer.from(base64, "base64").toString(),
  );
  const { text: client } = await makeCertificate({ ca: false });
  const told = (of: readonly string[]): Pick<Reader, "samples" | "read"> => ({
    samples: of.map((call) => stage.replies.stdoutOf(call)),
    read: async (bytes, sample) =>
      await unlessRefused(
        async () =>
          await stage.replies.with(of[sample] ?? "", bytes.toString(), async () => await stage.plan()),
      ),
  });
  return [
    { name: "tctl output", form: "json", ...told(calls) },
    { name: "tctl output for people", form: "text", ...told(texts) },
    {
      name: "certificates",
      form: "text",
      samples: [pem],
      read: async (bytes) => {
        for (const { der } of pemBlocks(bytes.toString())) readCertificate(der);
        readCertificate(bytes);
        const inPlace = listed.replace(Buffer.from(pem).toString("base64"), bytes.toString("base64"));
        return await unlessRefused(
          async () => await stage.replies.with(authorities, inPlace, async () => await stage.plan()),
        );
      },
    },
    {
      name: "identity files",
      form: "text",
      samples: [
        `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nssh-ed25519-cert-v01@openssh.com AAAA\n${client}${pem}`,
      ],
      read: async (bytes) => {
        writeFileSync(join(folder, "identity"), bytes);
        const { problem } = await readTctlIdentity(join(folder, "identity"), Promise.resolve([]));
        return problem === null ? "taken" : "refused";
      },
    },
  ];
}

/** Replies of `talosctl` and `kubectl`, and the configurations of machines that are edited as text. */
export function talosReaders(stage: TalosStage): readonly Reader[] {
  const { calls } = stage.replies;
  return [
    {
      name: "talosctl and kubectl output",
      form: "yaml",
      samples: calls.map((call) => stage.replies.stdoutOf(call)),
      read: async (bytes, sample) =>
        await unlessRefused(
          async () =>
            await stage.replies.with(calls[sample] ?? "", bytes.toString(), async () => await stage.plan()),
        ),
    },
    {
      name: "machine configurations",
      form: "yaml",
      samples: stage.machines.map((call) => stage.configurationOf(call)),
      read: async (bytes, sample) => {
        const call = stage.machines[sample] ?? "";
        const reply = stage.reply(call, bytes.toString());
        return await unlessRefused(
          async () => await stage.replies.with(call, reply, async () => await stage.plan()),
        );
      },
    },
  ];
}
