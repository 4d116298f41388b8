import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import { Failure } from "../../failure.ts";
import { fieldOf, fieldsOf, isFields, textOf, valueAt } from "../../foreign-value.ts";
import { foreignYaml } from "../../foreign-yaml.ts";
import { notWritten, readTarget, type Target, writeTarget } from "../../process/written-file.ts";
import { editTalosconfig } from "./talosconfig-edit.ts";

/** A client of the Talos API: whom it trusts and who it is, as PEM (reference talos-rotation 4.1). */
export interface TalosClient {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** One context of a talosconfig. */
export interface TalosContext extends TalosClient {
  readonly name: string;
  /** Whom talosctl goes through when nothing else is said. */
  readonly endpoints: readonly string[];
  /** It authenticates towards Omni, which rotates CAs by itself. */
  readonly omni: boolean;
}

/** Reads a context, the current one where none is named. `null` when there is no such file. */
export async function readTalosconfig(path: string, wanted: string | null): Promise<TalosContext | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new Failure("denied", `cannot read the talosconfig ${path}`, {
      hint: "make it readable for the user that runs capstan",
      cause,
    });
  }
  const file = foreignYaml(text);
  if (file === undefined) {
    throw new Failure("resources", `the talosconfig ${path} is not YAML`, {
      hint: "`talosctl config new` writes one",
    });
  }
  const name = wanted ?? textOf(fieldOf(file, "context"));
  const contexts = fieldsOf(fieldOf(file, "contexts"));
  const context = valueAt(contexts, [name]);
  if (!isFields(context)) {
    const present = Object.keys(contexts);
    throw new Failure(
      "resources",
      name === ""
        ? `the talosconfig ${path} names no current context`
        : `the talosconfig ${path} has no context ${JSON.stringify(name)}`,
      {
        hint: `name one as spec.talos.context (init: --context)${present.length === 0 ? "" : `: ${present.join(", ")}`}`,
      },
    );
  }
  // `target` is of before endpoints: talosctl reads it as the only one.
  const endpoints = context["endpoints"] ?? context["target"];
  const decode = (value: unknown) => Buffer.from(textOf(value), "base64").toString("utf8");
  return {
    name,
    endpoints: [endpoints].flat().filter((one): one is string => typeof one === "string" && one !== ""),
    ca: decode(context["ca"]),
    crt: decode(context["crt"]),
    key: decode(context["key"]),
    omni: fieldOf(context["auth"], "siderov1") !== undefined,
  };
}

/** A talosconfig with one context, which is the current one. */
export function talosconfigText(name: string, endpoints: readonly string[], client: TalosClient): string {
  return stringify(
    { context: name, contexts: { [name]: { endpoints, ...encoded(client) } } },
    { indent: 4, lineWidth: 0 },
  );
}

/**
 * Sets one context of a file and leaves all else of it as it is, byte for byte, the current context as well; makes the
 * file where there is none. Gives the context that is the current one. A file with a flaw is left alone: the keys of
 * other contexts may be nowhere else.
 */
export async function writeTalosconfig(
  target: Target,
  name: string,
  endpoints: readonly string[],
  client: TalosClient,
): Promise<string> {
  const { text, current } = await nextTalosconfig(target, name, endpoints, client);
  await writeTarget(target, { bytes: text, mode: 0o600 });
  return current;
}

/** What it will be; throws where it cannot be written, before anything else was changed. */
export async function nextTalosconfig(
  target: Target,
  name: string,
  endpoints: readonly string[],
  client: TalosClient,
): Promise<{ readonly text: string; readonly current: string }> {
  const present = await readTarget(target);
  if (present === null || present.trim() === "")
    return { text: talosconfigText(name, endpoints, client), current: name };
  const edited = editTalosconfig(present, name, endpoints, encoded(client));
  if ("flaw" in edited) {
    throw notWritten(
      target.path,
      edited.flaw,
      "mend the file, or name another one as spec.talos.clients.talosconfig",
    );
  }
  return { text: edited.text, current: edited.current ?? "" };
}

function encoded({ ca, crt, key }: TalosClient) {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  return { ca: encode(ca), crt: encode(crt), key: encode(key) };
}
