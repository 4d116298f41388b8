import type { Rule } from "./rules.ts";

/** One line of the product, as it is and as it must not be, and the rule by which the walks have to find it. */
export interface Mutant {
  readonly rule: Rule;
  readonly file: string;
  /** The first place where it stands counts. */
  readonly line: string;
  readonly instead: string;
  /** Only walks with a leaf, HSMs and overrides can find it. */
  readonly isStrange?: true;
}

/**
 * For each rule a way to break it. `one-look-one-step` has none: no single line makes a run act twice on one look, as it is
 * a type that is used up, and the line that uses it up throws.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    rule: "nobody-is-cut-off",
    file: "src/rotation/evidence.ts",
    line: 'if (record.phases.some(({ phase }) => isPastInit(phase))) return "proven";',
    instead: 'if (record.phases.some(({ phase }) => isPastInit(phase))) return "refuted";',
  },
  {
    rule: "trust-before-use",
    file: "src/rotation/followers.ts",
    line: 'if (at !== phase) return { standing: "lagging",',
    instead: 'if (at !== phase) return { standing: "following",',
  },
  {
    rule: "legal-edges",
    file: "src/rotation/phase.ts",
    line: 'init: ["update_clients", "rollback"],',
    instead: 'init: ["update_clients", "update_servers", "rollback"],',
  },
  {
    rule: "asked-once",
    file: "src/apply/sightings.ts",
    line: "return age < 0 ? staleReadMs : staleReadMs - age;",
    instead: "return 0;",
  },
  {
    rule: "as-git-wants",
    file: "src/planner/steps.ts",
    line: 'const stepwise = resource.strategy === "step" && resource.mode === "manual";',
    instead: "const stepwise = false;",
  },
  {
    rule: "held-is-held",
    file: "src/guards/hold.ts",
    line: ".filter(({ hold: one }) => isInForce(one, input.now))",
    instead: ".filter(({ hold: one }) => !isInForce(one, input.now))",
  },
  {
    rule: "soaked",
    file: "src/guards/soak.ts",
    line: "if (now >= over) return failWith([]);\n    return failWith([\n      {\n        subject,\n        message: `is in",
    instead:
      "return failWith([]);\n    return failWith([\n      {\n        subject,\n        message: `is in",
  },
  {
    rule: "own-approval",
    file: "src/apply/approval.ts",
    line: "return approval.final.has(key) && unnamed(approval, cluster, step).length === 0;",
    instead: "return unnamed(approval, cluster, step).length === 0;",
  },
  {
    rule: "holder-alone",
    file: "src/apply/transition.ts",
    line: "confirm: () => run.lock.confirm(),",
    instead: "",
  },
  {
    rule: "no-older-commit",
    file: "src/rotation/history.ts",
    line: '    case "descendant":\n',
    instead: '    case "descendant":\n    case "older":\n',
  },
  {
    rule: "rollback-sticks",
    file: "src/planner/rotation-standing.ts",
    line: '(attempt.contents.includes(resource.contentHash) || resource.phase === "rollback") &&',
    instead: 'resource.phase === "rollback" &&',
  },
  {
    rule: "one-at-a-time",
    file: "src/guards/exclusive.ts",
    line: "if (unitsOf(left, input) >= limit)",
    instead: "if (unitsOf(left, input) > limit)",
  },
  {
    rule: "written-first",
    file: "src/apply/intent.ts",
    line: 'if (step.action === "rotate") await noteStep(run, atHand, "intended", reason);',
    instead: "",
  },
  {
    rule: "kept-first",
    file: "src/apply/intent.ts",
    line: "if (!isBegun(atHand) || memory === undefined) return true;",
    instead: "if (!isBegun(atHand) || memory === undefined) return false;",
  },
  {
    rule: "said-is-so",
    file: "src/apply/step.ts",
    line: "const how = endOf(memory, live) ?? told;",
    instead: 'const how = "finished";',
  },
  {
    rule: "nothing-left",
    file: "src/apply/walk.ts",
    line: ': { outcome: "blocked", message: refused };',
    instead: ': { outcome: "applied", message: refused };',
  },
  {
    rule: "ready-is-taken",
    file: "src/apply/refuse-step.ts",
    line: "if (before === undefined) {",
    instead: "if (before !== undefined) {",
  },
  {
    rule: "one-story",
    file: "src/cli/exit-code.ts",
    line: "return EXIT.changesPlanned;",
    instead: "return EXIT.ok;",
  },
  {
    rule: "armed-first",
    file: "src/teleport/overrides/judge-edge.ts",
    line: ': !row.advance || row.verdict === "only-by-waiver";',
    instead: ": false;",
    isStrange: true,
  },
  {
    rule: "entries-stay",
    file: "src/teleport/overrides/entry-calls.ts",
    line: 'return act(role, "enable", call, restores ? [] : ["trust"]);',
    instead: 'return act(role, "enable", call, restores ? [] : []);',
    isStrange: true,
  },
  {
    rule: "leaf-knows",
    file: "src/teleport/guards/trusted-clusters.ts",
    line: "if (unknown.length > 0) differences.push(",
    instead: "if (unknown.length > everyKey(copy).length) differences.push(",
    isStrange: true,
  },
  {
    rule: "keys-of-all",
    file: "src/teleport/guards/hsm-keys.ts",
    line: "if (added >= servers) return failWith([]);",
    instead: "if (added >= 1) return failWith([]);",
    isStrange: true,
  },
];

/** A protection of many machines, as it is and taken away, and the test that has to fail without it. */
export interface RaceMutant {
  readonly race: string;
  readonly file: string;
  /** The first place where it stands counts. */
  readonly line: string;
  readonly instead: string;
  readonly test: string;
  /** What the failure has to say: a test that fails over something else has found nothing. */
  readonly says: RegExp;
}

/** Each is what keeps two machines apart, or a cluster behind those that go first. */
export const RACE_MUTANTS: readonly RaceMutant[] = [
  {
    race: "two-replicas",
    file: "src/apply/locked-clusters.ts",
    line: "const lock = await this.#guarded(name, null, () => store.lock(name, holder, notice));",
    instead: `const lock = await store.lock(name, holder, notice).catch(() => ({
        ...{ cluster: name, id: "none", lost: new AbortController().signal },
        ...{ confirm: async () => {}, release: async () => {} },
      }));`,
    test: "test/apply/two-replicas.test.ts",
    says: /host standby-init/,
  },
  {
    race: "fleet-shards",
    file: "src/apply/campaign-place.ts",
    line: "return claimed(current, place, limit.most);",
    instead: "return claimed(current, place, Number.POSITIVE_INFINITY);",
    test: "test/apply/fleet-shards.test.ts",
    says: /expected \d+ to be 1/,
  },
  {
    race: "last-place",
    file: "src/record/remote-refs.ts",
    line: "...leases,",
    instead: '"--force",',
    test: "test/record/places-race.test.ts",
    says: /the place of the first/,
  },
  {
    race: "order-of-shards",
    file: "src/guards/wave.ts",
    line: "...behind(campaign, edge.to),",
    instead: "",
    test: "test/apply/fleet-shards.test.ts",
    says: /c1 standby-init/,
  },
  {
    race: "max_in_progress",
    file: "src/apply/campaign-place.ts",
    line: "return claimed(current, place, limit.most);",
    instead: "return claimed(current, place, Number.POSITIVE_INFINITY);",
    test: "test/apply/waves.test.ts",
    says: /expected \d+ to be 2/,
  },
  {
    race: "canary-went-back",
    file: "src/guards/wave.ts",
    line: "...goneBack(campaign),",
    instead: "",
    test: "test/apply/waves.test.ts",
    says: /a canary that went back/,
  },
];
