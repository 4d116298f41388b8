/** Flags of `tsh` that it takes from its environment, too; a flag on the command line wins. */
const FROM_ENVIRONMENT = {
  identity: "TELEPORT_IDENTITY_FILE",
  proxy: "TELEPORT_PROXY",
  home: "TELEPORT_HOME",
} as const;

/** The command line of `tsh` with what the environment adds to it: the daemon does not see that of its callers. */
export function tshArguments(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const added = Object.entries(FROM_ENVIRONMENT).flatMap(([flag, variable]) => {
    const value = env[variable];
    return value ? [`--${flag}=${value}`] : [];
  });
  return [...added, ...argv];
}
