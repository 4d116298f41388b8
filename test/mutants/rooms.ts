/** A room of which mutants are made, with the tests that have to notice them. */
export interface MutatedRoom {
  readonly name: string;
  /** Globs. */
  readonly code: readonly string[];
  /** Those that notice most come first. Without git and a sandbox, but for locks and the record, which need git. */
  readonly tests: readonly string[];
  /** Of a hundred mutants, how many at least; null where it is told and no more. */
  readonly least: number | null;
  /** Whether a mutant that nobody noticed fails the run unless `unnoticed.ts` says why it may live. */
  readonly explained: boolean;
}

/** What decides whether a step is taken is in the first five: rooms are told apart by what they promise. */
export const MUTATED_ROOMS: readonly MutatedRoom[] = [
  {
    name: "guards",
    code: ["src/guards/**/*.ts", "src/teleport/guards/*.ts", "src/talos/guards/*.ts"],
    tests: [
      "test/guards/*.test.ts",
      "test/teleport/guards/*.test.ts",
      "test/talos/guards.test.ts",
      "test/planner/{waivers,earliest,overrides}.test.ts",
      "test/model/found.test.ts",
    ],
    least: 85,
    explained: true,
  },
  {
    name: "waivers",
    code: ["src/planner/waivers.ts", "src/rotation/waived-followers.ts", "src/resources/model/hold.ts"],
    tests: ["test/planner/*.test.ts", "test/guards/*.test.ts", "test/rotation/*.test.ts"],
    least: null,
    explained: true,
  },
  {
    name: "approvals",
    code: ["src/apply/approval.ts", "src/planner/saved/approved.ts"],
    tests: [
      "test/apply/approval.test.ts",
      "test/planner/plan-file.test.ts",
      "test/trust/every-field.test.ts",
      "test/model/found.test.ts",
    ],
    least: null,
    explained: true,
  },
  {
    name: "key-rules",
    code: ["src/profile/key-rules.ts", "src/teleport/key-rules.ts", "src/talos/rotation-keys.ts"],
    tests: [
      "test/rotation/*.test.ts",
      "test/talos/{guards,cluster-phase,rotation-keys}.test.ts",
      "test/guards/*.test.ts",
    ],
    least: null,
    explained: true,
  },
  {
    name: "locks",
    code: ["src/record/{folder-lock,held-locks,holder-process,lease,lease-times,ref-locks,tenure,clocks}.ts"],
    tests: ["test/record/{folder,who-may-write,refs-store}.test.ts"],
    least: null,
    explained: true,
  },
  {
    name: "rotation",
    code: ["src/rotation/**/*.ts"],
    tests: [
      "test/rotation/*.test.ts",
      "test/guards/*.test.ts",
      "test/planner/*.test.ts",
      "test/teleport/guards/*.test.ts",
      "test/model/found.test.ts",
    ],
    least: 85,
    explained: false,
  },
  {
    name: "planner",
    code: ["src/planner/**/*.ts"],
    tests: [
      "test/planner/*.test.ts",
      "test/fleet/*.test.ts",
      "test/toy/*.test.ts",
      "test/views/{plan-text,json-text}.test.ts",
      "test/model/found.test.ts",
    ],
    least: 85,
    explained: false,
  },
  {
    name: "apply",
    code: ["src/apply/**/*.ts"],
    tests: ["test/model/{found,walks}.test.ts", "test/apply/{approval,second-look,progress,clocks}.test.ts"],
    least: null,
    explained: false,
  },
  {
    name: "record",
    code: ["src/record/**/*.ts"],
    tests: ["test/record/{folder,place,beside-folder,refs-store}.test.ts", "test/model/found.test.ts"],
    least: null,
    explained: false,
  },
];
