import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer that is given instead of the real one. */
interface Fault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
  /** The body, word for word. */
  readonly text?: string;
  /** The request is carried out all the same. */
  readonly afterSuccess?: boolean;
  /** The connection is cut instead of an answer. */
  readonly cut?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request, as far as the API of a forge reads it. */
export interface Call {
  readonly method: string;
  /** Below the address of the API. */
  readonly path: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}

/** The API of a forge on the loopback: faults on demand, and what was called. */
export abstract class LoopbackForge {
  /** `GET /repos/acme/pki/issues/7/comments`, in order. */
  readonly calls: string[] = [];
  readonly #faults: { readonly match: RegExp; readonly fault: Fault }[] = [];
  #server: Server | null = null;

  protected abstract answer(call: Call): Answer;

  /** The body of an error, in the words of the forge. */
  protected abstract problem(status: number, message: string): Answer;

  get origin(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return `http://127.0.0.1:${address?.port}`;
  }

  /** Address of the API. */
  get url(): string {
    return this.origin;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** The next calls that match fail, one for each fault; the query counts. */
  fail(match: RegExp, ...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ match, fault })));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", this.origin);
    const path = url.pathname.slice(new URL(this.url).pathname.replace(/\/$/, "").length);
    const call = `${request.method} ${path}`;
    this.calls.push(call);
    const index = this.#faults.findIndex(({ match }) => match.test(`${call}${url.search}`));
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    if (fault !== undefined && fault.afterSuccess !== true) return this.#refuse(response, fault);
    const text = Buffer.concat(chunks).toString();
    const answer = this.answer({
      method: request.method ?? "",
      path,
      url,
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
    });
    if (fault !== undefined) return this.#refuse(response, fault);
    send(response, answer.status, JSON.stringify(answer.json), answer.headers ?? {});
  }

  #refuse(response: ServerResponse, { status, headers = {}, message = "fault", text, cut }: Fault): void {
    if (cut === true) {
      response.destroy();
      return;
    }
    send(response, status, text ?? JSON.stringify(this.problem(status, message).json), headers);
  }
}

/** One page of a list, with the links to the others; `as` is how the page stands in the body. */
export function paged(
  url: URL,
  all: readonly unknown[],
  { parameter, size, most }: { readonly parameter: string; readonly size: number; readonly most: number },
  as: (page: readonly unknown[]) => unknown = (page) => page,
): Answer {
  const perPage = Math.min(Number(url.searchParams.get(parameter) ?? size), most);
  const page = Number(url.searchParams.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const to = (number: number, rel: string) => {
    const target = new URL(url);
    target.searchParams.set("page", String(number));
    return `<${target.href}>; rel="${rel}"`;
  };
  const json = as(all.slice((page - 1) * perPage, page * perPage));
  const link = page < last ? [to(page + 1, "next"), to(last, "last")].join(", ") : to(last, "last");
  return { status: 200, json, headers: { link } };
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  const type = /^[[{"]/.test(text) ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  response.writeHead(status, { "content-type": text.startsWith("<") ? "text/html" : type, ...headers });
  response.end(text);
}
