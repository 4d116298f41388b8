/** A command line whose executable is named by a path, with the place of that path; a bare name is searched for. */
export function commandAt(
  [executable = "", ...words]: readonly string[],
  at: (path: string) => string,
): readonly string[] {
  return [executable.includes("/") ? at(executable) : executable, ...words];
}
