import { parse, stringify } from "yaml";
import { branch, decodeBase64, encodeBase64, isTree, text } from "../values.ts";
import { remembered } from "./remembered.ts";

/** The client configuration (TA 4.1). */
export interface TalosconfigContext {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  /** PEM; `ca` may hold several certificates. Empty when not set. */
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

export function makeTalosconfig(context: {
  readonly context: string;
  readonly endpoints: readonly string[];
  readonly nodes?: readonly string[];
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}): string {
  return stringify(
    {
      context: context.context,
      contexts: {
        [context.context]: {
          endpoints: context.endpoints,
          ...(context.nodes === undefined ? {} : { nodes: context.nodes }),
          ca: encodeBase64(context.ca),
          crt: encodeBase64(context.crt),
          key: encodeBase64(context.key),
        },
      },
    },
    { indent: 4, lineWidth: 0 },
  );
}

/** Every run of an executable reads a client file, mostly one of the same few. */
export const parseClientFile = remembered((source): unknown => parse(source));

/** The named context, or the current one. Fails in talosctl's words. */
export function contextIn(source: string, wanted: string | undefined): TalosconfigContext {
  const file = parseClientFile(source);
  if (!isTree(file)) throw new Error("talos config file is empty");
  const name = wanted ?? text(file["context"]);
  if (name === "") throw new Error("no context is set");
  const context = branch(file["contexts"])[name];
  if (!isTree(context)) throw new Error(`context ${JSON.stringify(name)} is not defined`);
  const strings = (key: string): readonly string[] => {
    const value = context[key];
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    name,
    endpoints: strings("endpoints"),
    nodes: strings("nodes"),
    ca: decodeBase64(text(context["ca"])),
    crt: decodeBase64(text(context["crt"])),
    key: decodeBase64(text(context["key"])),
  };
}
