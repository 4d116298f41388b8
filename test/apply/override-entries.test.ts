import { beforeEach, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { OverrideCall, Platform } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import { identify } from "../../src/rotation/observation.ts";
import {
  authorityOf,
  certify,
  crlOf,
  documentWith,
  type Issuer,
  keyHash,
  newKeys,
  teleportKey,
} from "../teleport/overrides/pki.ts";
import { World } from "../world/apply.ts";
import { CLUSTER, desired, rotation } from "../world/host-rotation.ts";

const HERE = { metadata: { name: CLUSTER } };

/** A db_client CA in standby, whose one key an external CA has signed for, and what was asked of the cluster. */
class OverriddenWorld extends World {
  readonly asked: string[] = [];
  /** The entry as it is live: absent, or disabled until somebody enables it. */
  live: "absent" | "disabled" | "enabled" = "absent";
  hasCrl = false;
  /** What is asked before a look; throws in its place. */
  beforeLook: () => void = () => {};
  readonly #own: Issuer;
  readonly #signed: Issuer;
  readonly #root: Issuer;
  readonly #crl: string;

  private constructor(own: Issuer, signed: Issuer, root: Issuer, crl: string) {
    super();
    this.#own = own;
    this.#signed = signed;
    this.#root = root;
    this.#crl = crl;
    this.platform = this.#overridden();
  }

  static async begin(): Promise<OverriddenWorld> {
    const root = await certify(await newKeys(), null, { subject: "CN=External Root", authorityKeyId: false });
    const own = await teleportKey();
    const signed = await certify(own.keys, root, { subject: `O=${CLUSTER}, CN=override` });
    return new OverriddenWorld(own, signed, root, await crlOf(signed));
  }

  /** What git wants: the entry, staged or in force with everybody's trust stated, and maybe a rotation. */
  wants(entry: "disabled" | "enabled", rotates: boolean): DesiredState {
    const source = { file: "overrides.yaml", line: 1 };
    const retire = identify(authorityOf("standby", [this.#own]).active);
    const step = `override/db_client/${keyHash(this.#own)}`;
    const authorities = [{ type: "db_client", retire }];
    return {
      ...desired(rotates ? [rotation("init", { name: "db-client", authorities })] : []),
      authorities: [
        {
          cluster: CLUSTER,
          type: "db_client",
          source,
          activeKeys: retire,
          maxAgeMs: null,
          trustConsumers: [],
          acknowledge: [{ step, who: "ada", note: null, evidence: null, at: null }],
        },
      ],
      overrides: [
        { cluster: CLUSTER, type: "db_client", source, document: documentWith(this.#entries(entry), HERE) },
      ],
    };
  }

  #entries(state: "absent" | "disabled" | "enabled"): readonly unknown[] {
    if (state === "absent") return [];
    return [{ certificate: this.#signed.pem, chain: [this.#root.pem], disabled: state === "disabled" }];
  }

  #document(): unknown {
    const hash = keyHash(this.#own);
    const crls = this.hasCrl ? { [hash]: { pem: this.#crl } } : {};
    return documentWith(this.#entries(this.live), { ...HERE, status: { public_key_hash_to_crl: crls } });
  }

  #overridden(): Platform {
    const { cluster, asked } = this;
    return {
      observe: async (scope): Promise<ClusterObservation> => {
        this.beforeLook();
        return {
          ...(await cluster.observe(scope)),
          authorities: [{ ...authorityOf("standby", [this.#own]), cluster: CLUSTER }],
          overrides: {
            state: "listed",
            documents: this.live === "absent" ? [] : [this.#document()],
            spiffeIssuer: false,
          },
        };
      },
      transition: async ({ authority, to }) => {
        asked.push(`${authority} to ${to}`);
        return { accepted: true, message: "" };
      },
      overrides: {
        act: async ({ change }: OverrideCall) => {
          asked.push(change.call);
          this.live = change.call === "update-override" ? "enabled" : "disabled";
          return { accepted: true, message: "" };
        },
        requests: async () => ({ texts: [], warnings: "" }),
      },
    };
  }
}

let world: OverriddenWorld;
beforeEach(async () => {
  world = await OverriddenWorld.begin();
});

describe("what is judged is what is done: override entries before the step that counts on them", () => {
  it("no step of a CA goes while its entries are not as git wants them, although it was approved", async () => {
    const step = `${CLUSTER}/db-client/db_client/standby-init`;
    const { outcome, events } = await world.apply(world.wants("disabled", true), {
      approve: "nothing",
      approvesToo: [step],
    });
    expect(events.find(({ type }) => type === "plan")).toMatchObject({
      plan: { clusters: [{ overrides: [{ blocked: false, actions: [{ call: "create-override" }, {}] }] }] },
    });
    expect(outcome).toBe("blocked");
    expect(events).toContainEqual(expect.objectContaining({ type: "blocked", rotation: "db-client" }));
    expect(world.asked).toEqual([]);
  });

  it("a read that is lost while a revocation list is waited for is tried again", async () => {
    world.live = "disabled";
    const lost = ["the network is down", "the network is still down"];
    let waits = false;
    world.beforeLook = () => {
      if (!waits) return;
      const problem = lost.shift();
      if (problem !== undefined) throw new Failure("executable", problem);
      world.hasCrl = true;
    };
    const { outcome, events } = await world.apply(world.wants("enabled", false), {
      onEvent: (event) => {
        if (event.type === "override" && event.action.call === "await-crl") waits = true;
      },
    });
    expect(outcome).toBe("applied");
    expect(waits).toBe(true);
    expect(lost).toEqual([]);
    const notices = events.flatMap((event) => (event.type === "notice" ? [event.message] : []));
    expect(notices).toEqual([
      `reading ${CLUSTER} failed, trying again: the network is down`,
      `reading ${CLUSTER} failed, trying again: the network is still down`,
    ]);
    expect(world.asked).toEqual(["update-override"]);
  });
});
