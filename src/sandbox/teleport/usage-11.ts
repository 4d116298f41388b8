/**
 * What Teleport 11 prints about a command, on standard error: for `--help`, and before the error of a command line that
 * it cannot use. As recorded (fixtures/recordings/teleport-11.1), whole; a command that nobody asked about there has the
 * line with its name alone.
 */
const RECORDED: Readonly<Record<string, string>> = {
  "auth rotate": `usage: tctl auth rotate [<flags>]

Rotate certificate authorities in the cluster

Flags:
  -d, --debug         Enable verbose logging to stderr
  -c, --config        Path to a configuration file [/etc/teleport.yaml].
                      Can also be set via the TELEPORT_CONFIG_FILE environment
                      variable.
      --auth-server   Attempts to connect to specific auth/proxy address(es)
                      instead of local auth [127.0.0.1:3025]
  -i, --identity      Path to an identity file. Must be provided to make remote
                      connections to auth. An identity file can be exported with
                      'tctl auth sign'
      --insecure      When specifying a proxy address in --auth-server, do not
                      verify its TLS certificate. Danger: any data you send can
                      be intercepted or modified by an attacker.
      --grace-period  Grace period keeps previous certificate authorities
                      signatures valid, if set to 0 will force users to re-login
                      and nodes to re-register.
      --manual        Activate manual rotation , set rotation phases manually
      --type          Certificate authority to rotate, rotates host, user and
                      database CA by default
      --phase         Target rotation phase to set, used in manual rotation,
                      one of: init, standby, update_clients, update_servers,
                      rollback

Aliases:

`,
  auth: `usage: tctl auth <command> [<args> ...]

Operations with user and host certificate authorities (CAs)

Flags:
  -d, --debug        Enable verbose logging to stderr
  -c, --config       Path to a configuration file [/etc/teleport.yaml]. Can also
                     be set via the TELEPORT_CONFIG_FILE environment variable.
      --auth-server  Attempts to connect to specific auth/proxy address(es)
                     instead of local auth [127.0.0.1:3025]
  -i, --identity     Path to an identity file. Must be provided to make remote
                     connections to auth. An identity file can be exported with
                     'tctl auth sign'
      --insecure     When specifying a proxy address in --auth-server, do not
                     verify its TLS certificate. Danger: any data you send can
                     be intercepted or modified by an attacker.

Commands:
  auth export  Export public cluster (CA) keys to stdout
  auth sign    Create an identity file(s) for a given user
  auth rotate  Rotate certificate authorities in the cluster
  auth ls      List connected auth servers

Aliases:

`,
  "auth export": `usage: tctl auth export [<flags>]

Export public cluster (CA) keys to stdout

Flags:
  -d, --debug        Enable verbose logging to stderr
  -c, --config       Path to a configuration file [/etc/teleport.yaml]. Can also
                     be set via the TELEPORT_CONFIG_FILE environment variable.
      --auth-server  Attempts to connect to specific auth/proxy address(es)
                     instead of local auth [127.0.0.1:3025]
  -i, --identity     Path to an identity file. Must be provided to make remote
                     connections to auth. An identity file can be exported with
                     'tctl auth sign'
      --insecure     When specifying a proxy address in --auth-server, do not
                     verify its TLS certificate. Danger: any data you send can
                     be intercepted or modified by an attacker.
      --keys         if set, will print private keys
      --fingerprint  filter authority by fingerprint
      --compat       export certificates compatible with specific version of
                     Teleport
      --type         export certificate type

Aliases:

`,
  get: `usage: tctl get [<flags>] <resources>

Print a YAML declaration of various Teleport resources

Flags:
  -d, --debug         Enable verbose logging to stderr
  -c, --config        Path to a configuration file [/etc/teleport.yaml].
                      Can also be set via the TELEPORT_CONFIG_FILE environment
                      variable.
      --auth-server   Attempts to connect to specific auth/proxy address(es)
                      instead of local auth [127.0.0.1:3025]
  -i, --identity      Path to an identity file. Must be provided to make remote
                      connections to auth. An identity file can be exported with
                      'tctl auth sign'
      --insecure      When specifying a proxy address in --auth-server, do not
                      verify its TLS certificate. Danger: any data you send can
                      be intercepted or modified by an attacker.
      --format        Output format: 'yaml', 'json' or 'text'
      --with-secrets  Include secrets in resources like certificate authorities
                      or OIDC connectors
  -v, --verbose       Verbose table output, shows full label output

Args:
  <resources>  Resource spec: 'type/[name][,...]' or 'all'

Aliases:
Examples:

  $ tctl get clusters       : prints the list of all trusted clusters
  $ tctl get cluster/east   : prints the trusted cluster 'east'
  $ tctl get clusters,users : prints all trusted clusters and all users

Same as above, but using JSON output:

  $ tctl get clusters --format=json


`,
  status: `usage: tctl status

Report cluster status

Flags:
  -d, --debug        Enable verbose logging to stderr
  -c, --config       Path to a configuration file [/etc/teleport.yaml]. Can also
                     be set via the TELEPORT_CONFIG_FILE environment variable.
      --auth-server  Attempts to connect to specific auth/proxy address(es)
                     instead of local auth [127.0.0.1:3025]
  -i, --identity     Path to an identity file. Must be provided to make remote
                     connections to auth. An identity file can be exported with
                     'tctl auth sign'
      --insecure     When specifying a proxy address in --auth-server, do not
                     verify its TLS certificate. Danger: any data you send can
                     be intercepted or modified by an attacker.

Aliases:

`,
};

export function usageOf(path: readonly string[]): string {
  const command = path.join(" ");
  return RECORDED[command] ?? `usage: tctl ${command} [<flags>]\n\nAliases:\n\n`;
}
