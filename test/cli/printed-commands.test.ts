import "../world/in-process.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetSandbox } from "../world/fleet-sandbox.ts";
import type { Ran } from "../world/repository.ts";

const ABOUT_A_CLUSTER = ["rotate", "override", "waive", "acknowledge"];

let fleet: FleetSandbox;
/** Every command that was printed, with where. */
const printed = new Map<string, string>();

beforeAll(async () => {
  fleet = await FleetSandbox.start(["a.example", "b.example"]);
});
afterAll(() => fleet.stop());

function note(what: string, { stdout, stderr }: Ran): void {
  // A line that was wrapped is the same command.
  const text = `${stdout}\n${stderr}`.replace(/\n\s+/g, " ");
  const spans = [
    ...text.matchAll(/`(capstan [^`]+)`/g),
    ...text.matchAll(/(?:next|done) {2,}(capstan [a-z]+ .+?)(?= {2}|$)/gm),
  ];
  for (const [, command = ""] of spans) {
    const [, verb = ""] = command.split(" ");
    if (ABOUT_A_CLUSTER.includes(verb)) printed.set(command, what);
  }
}

async function run(...argv: readonly string[]): Promise<Ran> {
  const ran = await fleet.repository.capstan(...argv);
  note(argv.join(" "), ran);
  return ran;
}

/** Everything that a person looks at on the way. */
async function lookAround(): Promise<void> {
  await run("plan");
  await run("plan", "--format", "markdown");
  await run("plan", "--format", "json");
  await run("status");
  await run("forecast", "--within", "4000d");
}

async function apply(): Promise<void> {
  await run("apply", "--auto-approve", "--approve-final=a.example");
  await lookAround();
}

/** Runs it as it was printed, and undoes what it wrote. */
async function paste(command: string): Promise<Ran> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const ran = await fleet.repository.capstan(...words.slice(1));
  await fleet.repository.git("checkout", "--quiet", ".");
  await fleet.repository.git("clean", "--quiet", "-fd", "clusters");
  return ran;
}

/** Of several clusters nobody said which is meant, or a word is missing. */
const NOT_AS_PRINTED = /there are several|missing required argument|several rotations|paste|which --/;

async function pasteAll(): Promise<void> {
  for (const [command, where] of printed) {
    const { stderr } = await paste(command);
    expect(stderr, `${command}, printed by ${where}`).not.toMatch(NOT_AS_PRINTED);
  }
}

const ON_A = ["--cluster", "a.example"];

describe("in a repository of several clusters, a command that was printed runs as it stands", {
  timeout: 600_000,
}, () => {
  it("on the way of a rotation, and where a person types too much or too little", async () => {
    await run("rotate", "advance", "host", ...ON_A);
    await run("rotate", "start", "host", "--cluster", "a.example", "--cluster", "b.example");
    await fleet.push("start");
    await run("rotate", "finish", "host", ...ON_A);
    await run("rotate", "start", "host", ...ON_A);
    await run("override", "csr", "db_client", ...ON_A);
    await run("apply", "--auto-approve", ...ON_A);
    await lookAround();
    await run("rotate", "advance", "host", ...ON_A);
    await fleet.push("on");
    await apply();
    await pasteAll();
    expect([...printed.keys()].filter((command) => command.includes("rotate advance"))).not.toEqual([]);
  });

  it("with a waiver that a step waits for", async () => {
    await run("rotate", "advance", "host", "--cluster", "b.example");
    await fleet.push("more");
    await fleet.fault("b.example", { target: "proxy1", fault: "offline", expired: true });
    await lookAround();
    await pasteAll();
    expect([...printed.keys()]).toContain(
      "capstan waive roster proxy/proxy1 --reason REASON --expires 14d --cluster b.example",
    );
  });

  it("at the end, and on the way back", async () => {
    await run("rotate", "advance", "host", ...ON_A);
    await fleet.push("on");
    await apply();
    await run("rotate", "finish", "host", ...ON_A);
    await run("rotate", "rollback", "host", "--cluster", "b.example");
    await fleet.push("finish, and back");
    await apply();
    await run("rotate", "advance", "host", ...ON_A);
    await run("rotate", "advance", "host", "--cluster", "b.example");
    await pasteAll();
    const rotating = [...printed.keys()].filter((command) => command.startsWith("capstan rotate "));
    expect(rotating.filter((command) => !command.includes(" --cluster "))).toEqual([]);
  });
});
