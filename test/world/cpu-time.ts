/** CPU time of this process so far, in ms: a busy machine stretches what the clock shows, and not this. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
