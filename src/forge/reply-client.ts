import type { ForgeName } from "./forge.ts";
import { type ForgeAccess, type ForgeClient, openClient } from "./forge-client.ts";
import { OddReply } from "./http-errors.ts";

/** A part of a reply that nobody typed: fields are asked for by their path, and what is not there is `undefined`. */
export class ReplyFields {
  readonly #forge: ForgeName;
  readonly #value: unknown;

  constructor(forge: ForgeName, value: unknown) {
    this.#forge = forge;
    this.#value = value;
  }

  /** Throws an `OddReply` where there is no number: without it nothing can be found again. */
  number(...path: readonly string[]): number {
    const value = this.#at(path);
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw this.#without(path);
  }

  /** A text; empty where there is none. */
  text(...path: readonly string[]): string {
    const value = this.#at(path);
    return typeof value === "string" ? value : "";
  }

  /** A text that has to be there. Throws an `OddReply` for none, as nobody is called by nothing. */
  name(...path: readonly string[]): string {
    const text = this.text(...path);
    if (text !== "") return text;
    throw this.#without(path);
  }

  is(value: string | boolean, ...path: readonly string[]): boolean {
    return this.#at(path) === value;
  }

  has(...path: readonly string[]): boolean {
    return (this.#at(path) ?? null) !== null;
  }

  #without(path: readonly string[]): OddReply {
    return new OddReply(
      `its reply has no \`${path.join(".")}\`, so it may not be ${this.#forge} that answers`,
    );
  }

  #at(path: readonly string[]): unknown {
    return path.reduce<unknown>(
      (value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined),
      this.#value,
    );
  }
}

/** A client of an API that nobody typed: routes as `"GET /projects/{id}/issues"`. */
export class ReplyClient {
  readonly #client: ForgeClient;
  readonly #forge: ForgeName;

  constructor(access: ForgeAccess) {
    this.#client = openClient(access);
    this.#forge = access.forge;
  }

  /** All entries of a list, page after page. Throws an `OddReply` for what is no list: it would count as an empty one. */
  async list(route: string, parameters: object): Promise<readonly ReplyFields[]> {
    const options = { ...parse(route), ...parameters };
    const found = await this.#client
      .paginate<unknown, unknown>(options, ({ data }) => {
        if (Array.isArray(data)) return data;
        throw new TypeError("no list");
      })
      // The client itself stumbles over a count without entries.
      .catch((error: unknown) => {
        if (!(error instanceof TypeError)) throw error;
        throw new OddReply(`its reply is no list, so it may not be ${this.#forge} that answers`);
      });
    return found.map((entry) => new ReplyFields(this.#forge, entry));
  }

  async send(route: string, parameters: object = {}): Promise<ReplyFields> {
    const { data } = await this.#client.request({ ...parse(route), ...parameters });
    return new ReplyFields(this.#forge, data);
  }
}

function parse(route: string) {
  const [method = "", url = ""] = route.split(" ");
  return { method: method as "GET" | "POST" | "PUT" | "PATCH", url };
}
