import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { setRotationPhase } from "../../src/resources/edit/edit-rotation.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import { Repository } from "../world/repository.ts";

const cluster = (name: string) => `kind: cluster
version: v1
metadata: { name: ${name} }
spec: { platform: teleport }
`;
const rotation = (of: string, key: string) => `kind: ca_rotation
version: v1
metadata: { name: host-2026-11 }
spec:
  cluster: ${of}
  authorities:
    - { type: host, retire: [sha256:${key.repeat(64)}] }
  phase: init
`;
const FILE = [
  cluster("east.example.com"),
  cluster("west.example.com"),
  rotation("east.example.com", "a"),
  rotation("west.example.com", "b"),
].join("---\n");

describe("one name in several clusters", () => {
  it("is a campaign, and no resource that stands twice", async () => {
    const repository = await Repository.create();
    await writeFile(join(repository.folder, "all.yaml"), FILE);
    const { state, diagnostics } = await loadResources(repository.folder, {});
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(state.rotations.map((one) => `${one.cluster}/${one.name}`)).toEqual([
      "east.example.com/host-2026-11",
      "west.example.com/host-2026-11",
    ]);
  });

  it("is edited in the cluster that is meant", () => {
    const meant = { cluster: "west.example.com", name: "host-2026-11" };
    const after = setRotationPhase(FILE, meant, "rollback");
    const [east, west] = after.split("---\n").slice(2);
    expect(east).toContain("phase: init");
    expect(west).toContain("phase: rollback");
  });
});
