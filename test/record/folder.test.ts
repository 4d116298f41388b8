import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { folderStore } from "../../src/record/folder.ts";
import { CLUSTER, NOW } from "../world/host-rotation.ts";
import { Contenders } from "./contenders.ts";

const ALICE = { who: "alice", why: "capstan apply", runUrl: "https://ci.example.com/1" };
const BOB = { who: "bob", why: "capstan apply" };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-folder-"));
  await mkdir(join(folder, "locks"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function store() {
  return folderStore(folder, () => NOW);
}

const silent = () => {};

describe("the lock of a folder", () => {
  it("is shown, and names its holder to whoever comes second", async () => {
    const lock = await store().lock(CLUSTER, ALICE, silent);
    expect(await store().lockState(CLUSTER)).toMatchObject({
      ...ALICE,
      id: lock.id,
      heartbeat: null,
      expires: null,
    });
    await expect(store().lock(CLUSTER, BOB, silent)).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining("alice holds the lock"),
      hint: expect.stringContaining(`capstan lock release --id ${lock.id}`),
    });
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
    expect(await store().lockState(CLUSTER)).toBeNull();
  });

  it("is ended by a person who names it, and only that one", async () => {
    await expect(store().releaseLock(CLUSTER, "x")).rejects.toMatchObject({ code: "usage" });
    const lock = await store().lock(CLUSTER, ALICE, silent);
    await expect(store().releaseLock(CLUSTER, "x")).rejects.toMatchObject({ code: "usage" });
    expect(await store().releaseLock(CLUSTER, lock.id)).toMatchObject({ who: "alice" });
    await (await store().lock(CLUSTER, BOB, silent)).release();
  });

  it("of another machine is never taken over: nobody here can see its process", async () => {
    await theirs({ host: "elsewhere", pid: 1 });
    await expect(store().lock(CLUSTER, BOB, silent)).rejects.toMatchObject({ code: "locked" });
  });

  it.each([
    ["left behind by a process that is gone", () => theirs({ host: hostname(), pid: 2 ** 22 + 1 })],
    ["that cannot be read", () => writeFile(join(folder, "locks", `${CLUSTER}.json`), "{")],
  ])("%s is taken over with a notice", async (_, leave) => {
    await leave();
    const notices: string[] = [];
    await store().lock(CLUSTER, BOB, (message) => notices.push(message));
    expect(notices).toEqual([expect.stringContaining("taking it over")]);
  });

  async function theirs(where: { readonly host: string; readonly pid: number }) {
    const lock = { ...ALICE, id: "theirs", since: new Date(NOW).toISOString(), ...where };
    await writeFile(join(folder, "locks", `${CLUSTER}.json`), `${JSON.stringify(lock)}\n`);
  }
});

describe("processes at once on one folder", () => {
  const contenders = new Contenders();

  beforeAll(() => contenders.build());
  afterEach(() => contenders.kill());
  afterAll(() => contenders.remove());

  it("exactly one works at any time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        contenders.start("folder", folder, `run-${index}`, "150").answers(),
      ),
    );
    const spans = answers
      .filter(([first]) => first?.["got"] === true)
      .map(([first, last]) => [Number(first?.["at"]), Number(last?.["until"])] as const)
      .toSorted(([left], [right]) => left - right);
    expect(spans.length).toBeGreaterThan(0);
    for (const [index, [start]] of spans.entries()) {
      const before = spans[index - 1];
      if (before !== undefined) expect(start).toBeGreaterThanOrEqual(before[1]);
    }
  });
});
