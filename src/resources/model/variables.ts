/** What begins an environment variable in text. */
export const VARIABLE_OPENING = "$" + "{";

/**
 * Which variables of the environment YAML may name. Whoever writes YAML chooses where the value goes: into an address
 * that is dialled, into the arguments of an executable. So it takes what is about connections by its name, and what
 * the operator's own environment lists.
 */
const PREFIXES = ["TELEPORT_", "CAPSTAN_VAR_"];
const NAMES = ["TALOSCONFIG", "KUBECONFIG"];

/** Lists more of them, with commas or spaces in between. */
const LIST = "CAPSTAN_VARIABLES";

/** Whether YAML may name a variable: by its own name, or by the list in the environment. */
export function mayBeNamed(name: string, env: NodeJS.ProcessEnv): boolean {
  if (NAMES.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  return (env[LIST] ?? "").split(/[\s,]+/).includes(name);
}

/** The hint for who named a variable that YAML may not take: what to call it, or how to list it. */
export function insteadOf(name: string): string {
  const own = `CAPSTAN_VAR_${name}`;
  return `YAML takes \${TELEPORT_…}, \${TALOSCONFIG}, \${KUBECONFIG} and \${CAPSTAN_VAR_…}: call it ${own}, or list it where capstan runs: export ${LIST}=${name}`;
}
