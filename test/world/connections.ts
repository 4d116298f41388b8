import { createSecureContext, type SecureContext } from "node:tls";
import type { Agent } from "../../src/sandbox/teleport/agent.ts";
import { handshakeWith } from "./handshake.ts";
import type { SandboxWorld } from "./sandbox.ts";
import { seededNumbers } from "./seeded-numbers.ts";

/** One that was not made, and where the rotation stood then. */
export interface FailedConnection {
  readonly phase: string;
  readonly from: string;
  readonly to: string;
  readonly problem: string;
}

/**
 * Components of the sandbox that keep calling each other: whenever something has changed, some of all pairs make a new
 * connection by mutual TLS, each with the certificate that it holds and by the CAs that it trusts at that moment. Who
 * is down calls nobody, and nobody expects an answer of it.
 */
export class Connections {
  readonly #world: SandboxWorld;
  readonly #random: () => number;
  readonly #pairs: number;
  readonly failed: FailedConnection[] = [];
  made = 0;

  /** `pairs`: how many are tried each time, at most. */
  constructor(world: SandboxWorld, seed: number, pairs: number) {
    this.#world = world;
    this.#random = seededNumbers(seed);
    this.#pairs = pairs;
    world.teleport.between = () => this.make();
  }

  async make(): Promise<void> {
    const up = this.#world.teleport.platform.world.agents.filter(({ dialing }) => dialing !== null);
    const all = up.flatMap((from) => up.filter((to) => to !== from).map((to) => ({ from, to })));
    const some = all
      .map((pair) => ({ pair, place: this.#random() }))
      .sort((a, b) => a.place - b.place)
      .slice(0, this.#pairs);
    await Promise.all(some.map(({ pair }) => this.#make(pair.from, pair.to)));
  }

  async #make(from: Agent, to: Agent): Promise<void> {
    const problem = await call(from, to);
    this.made += 1;
    if (problem === null) return;
    const { phase } = this.#world.teleport.authority("host");
    this.failed.push({ phase, from: from.spec.hostname, to: to.spec.hostname, problem });
  }
}

/** A new connection; why there is none, or `null`. */
async function call(from: Agent, to: Agent): Promise<string | null> {
  const { dialing } = from;
  if (dialing === null || to.port === null) throw new Error("one of them has no certificate");
  return await handshakeWith(to.port, contextOf(dialing)).then(
    ({ client }) => (client?.accepted === true ? null : "the caller is not accepted"),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

type Dialing = NonNullable<Agent["dialing"]>;

const contexts = new WeakMap<Dialing["identity"], { trusted: Dialing["trusted"]; context: SecureContext }>();

/** Made once for each certificate and what is trusted with it, not for each call. */
function contextOf({ identity, trusted }: Dialing): SecureContext {
  const known = contexts.get(identity);
  if (known?.trusted === trusted) return known.context;
  const context = createSecureContext({
    ca: [...trusted],
    cert: identity.certificate,
    key: identity.key,
  });
  contexts.set(identity, { trusted, context });
  return context;
}
