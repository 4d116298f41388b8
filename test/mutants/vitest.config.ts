import { globSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const ROOT = join(import.meta.dirname, "../..");
const FILES = (env["CAPSTAN_MUTANT_TESTS"] ?? "").split(" ").flatMap((glob) => globSync(glob, { cwd: ROOT }));

/** As the room lists them: the first test that fails ends a mutant. */
class AsListed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const at = ({ moduleId }: TestSpecification) => FILES.findIndex((file) => moduleId.endsWith(`/${file}`));
    return files.toSorted((left, right) => at(left) - at(right));
  }
}

/** The tests of one room, in one thread of one process; `run.ts` beside it says which. */
export default defineConfig({
  oxc: { jsx: { development: false } },
  test: {
    include: FILES,
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000,
    isolate: false,
    sequence: { sequencer: AsListed },
    env: { NODE_ENV: "production", GIT_CONFIG_GLOBAL: join(ROOT, "test/gitconfig") },
  },
});
