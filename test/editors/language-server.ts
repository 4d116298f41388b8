import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SERVER = join(import.meta.dirname, "../../node_modules/yaml-language-server/bin/yaml-language-server");

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Complaint {
  readonly message: string;
  readonly range: { readonly start: Position };
}

/** The real yaml-language-server on a pipe, as an editor runs it, with the settings that an editor would have. */
export class LanguageServer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  readonly #complaints = new Map<string, (complaints: readonly Complaint[]) => void>();
  readonly #settings: Readonly<Record<string, unknown>>;
  #buffer = Buffer.alloc(0);
  #ids = 0;

  private constructor(settings: Readonly<Record<string, unknown>>) {
    this.#settings = settings;
    this.#process = spawn(process.execPath, [SERVER, "--stdio"]);
    this.#process.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** `settings` as in VS Code's file, `{}` for an editor without any. The catalogue of schemas on the web is not asked. */
  static async start(
    folder: string,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<LanguageServer> {
    const server = new LanguageServer({ "yaml.schemaStore.enable": false, ...settings });
    await server.#ask("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "team" }],
      capabilities: {
        workspace: { configuration: true },
        textDocument: { hover: { contentFormat: ["plaintext"] }, completion: {} },
      },
    });
    server.#tell("initialized", {});
    return server;
  }

  /** Opens a file, or the text that is typed in its place, and gives what the server has against it. */
  async open(file: string, text: string = readFileSync(file, "utf8")): Promise<readonly Complaint[]> {
    const uri = pathToFileURL(file).href;
    const complaints = new Promise<readonly Complaint[]>((resolve) => this.#complaints.set(uri, resolve));
    this.#tell("textDocument/didOpen", {
      textDocument: { uri, languageId: "yaml", version: 1, text },
    });
    return await complaints;
  }

  async hover(file: string, position: Position): Promise<string> {
    const result = await this.#ask("textDocument/hover", at(file, position));
    return JSON.stringify(result ?? null);
  }

  /** Labels of what is offered. */
  async complete(file: string, position: Position): Promise<readonly string[]> {
    const result = (await this.#ask("textDocument/completion", at(file, position))) as {
      readonly items?: readonly { readonly label: string }[];
    } | null;
    return (result?.items ?? []).map(({ label }) => label);
  }

  stop(): void {
    this.#process.kill();
  }

  #ask(method: string, params: object): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ id, method, params });
    return answer;
  }

  #tell(method: string, params: object): void {
    this.#send({ method, params });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.toString("latin1", 0, end))?.[1]);
      if (end < 0 || this.#buffer.length < end + 4 + length) return;
      const body = this.#buffer.toString("utf8", end + 4, end + 4 + length);
      this.#buffer = this.#buffer.subarray(end + 4 + length);
      this.#hear(JSON.parse(body));
    }
  }

  #hear(message: Message): void {
    const { id, method, params, result } = message;
    if (method === undefined) {
      this.#waiting.get(Number(id))?.(result);
      return;
    }
    if (method === "textDocument/publishDiagnostics" && params?.uri !== undefined)
      this.#complaints.get(params.uri)?.(params.diagnostics ?? []);
    if (id === undefined) return;
    const items = params?.items ?? [];
    const answer =
      method === "workspace/configuration" ? items.map((item) => this.#section(item.section)) : null;
    this.#send({ id, result: answer });
  }

  /** `yaml` is every setting below it: `yaml.schemas` as its field `schemas`. */
  #section(name = ""): unknown {
    const below = Object.entries(this.#settings).filter(([key]) => key.startsWith(`${name}.`));
    return Object.fromEntries(
      below.map(([key, value]) => {
        const [field = "", inner] = key.slice(name.length + 1).split(".");
        return [field, inner === undefined ? value : { [inner]: value }];
      }),
    );
  }
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly result?: unknown;
  readonly params?: {
    readonly uri?: string;
    readonly diagnostics?: readonly Complaint[];
    readonly items?: readonly { readonly section?: string }[];
  };
}

function at(file: string, position: Position) {
  return { textDocument: { uri: pathToFileURL(file).href }, position };
}
