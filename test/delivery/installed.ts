/**
 * The package as people get it: `npm run test:package`. Makes a release, installs its archive and a git address into
 * empty folders, and runs what is there on every Node that it allows, and on one that it refuses. Takes minutes, and
 * needs the registry of npm for those Nodes.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..", "..");
const NODES = ["22.18.0", "24", "26"];
const REFUSED = "20";
const MOST_BYTES = 6_000_000;

const folder = await mkdtemp(join(tmpdir(), "capstan-installed-"));
const say = (text: string) => process.stdout.write(`${text}\n`);

/** What npm sets for the script that this is would hold for the npm that is tried here. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

const run = (executable: string, argv: readonly string[], cwd = folder, more: NodeJS.ProcessEnv = {}) =>
  execa(executable, argv, { cwd, env: { ...env, ...more }, extendEnv: false, stdin: "ignore" });

/** A Node of its own version, by the package that holds it. */
async function nodeOf(version: string): Promise<string> {
  const place = join(folder, `node-${version}`);
  await mkdir(place);
  // The package puts the executable in its place by a script.
  await writeFile(join(place, "package.json"), JSON.stringify({ allowScripts: { node: true } }));
  await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", `node@${version}`], place);
  return join(place, "node_modules", "node", "bin", "node");
}

/** The sum of the files that an installation has, and where its executable is. */
async function install(name: string, spec: string): Promise<string> {
  const prefix = join(folder, name);
  await mkdir(prefix);
  // Otherwise npm looks for a package.json further up. Not --global, which npm hands on to the build of a git address.
  await writeFile(join(prefix, "package.json"), "{}");
  const started = performance.now();
  await run("npm", ["install", "--no-audit", "--no-fund", spec], prefix);
  const seconds = (performance.now() - started) / 1000;
  const modules = join(prefix, "node_modules");
  deepEqual(
    (await readdir(modules)).filter((entry) => !entry.startsWith(".")),
    ["capstan"],
  );
  ok(!(await readdir(join(modules, "capstan"))).includes("node_modules"), `${name} installs other packages`);
  const entries = await readdir(join(modules, "capstan"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const capstan = join(modules, ".bin", "capstan");
  const begun = performance.now();
  await run(capstan, ["--version"], prefix, {
    PATH: [dirname(process.execPath), env["PATH"]].join(delimiter),
  });
  const first = (performance.now() - begun) / 1000;
  const times = `installed in ${seconds.toFixed(1)} s, first output after ${first.toFixed(2)} s`;
  say(`${name}: 1 package, ${files.length} files, ${bytes} bytes, ${times}`);
  ok(bytes < MOST_BYTES, `${name} is larger than ${MOST_BYTES} bytes`);
  return capstan;
}

/** For everybody of a machine: npm puts the man page where `man` looks, and leaves the completions in the package. */
async function installForAll(archive: string): Promise<void> {
  const prefix = join(folder, "for all");
  const argv = ["install", "--global", "--no-audit", "--no-fund", "--prefix", prefix, archive];
  const { stderr } = await run("npm", argv);
  equal(/script/.exec(stderr), null, stderr);
  match(await readFile(join(prefix, "share/man/man1/capstan.1"), "utf8"), /^\.TH CAPSTAN 1 /);
  const completions = join(prefix, "lib/node_modules/capstan/dist/completions");
  const fish = await readFile(join(completions, "capstan.fish"), "utf8");
  match(await readFile(join(completions, "_capstan"), "utf8"), /^#compdef capstan\n/);
  match(fish, /^complete -c capstan /m);
  const asked = 'source "$1"; COMP_WORDS=(capstan pl); COMP_CWORD=1; _capstan; printf %s "$COMPREPLY"';
  equal((await run("bash", ["-c", asked, "bash", join(completions, "capstan")])).stdout, "plan");
  say("for everybody: the man page is where man looks, and bash completes by the file in the package");
}

/** A repository made, looked at and planned with the sandbox that lies beside the product. */
async function tryOut(capstan: string, node: string): Promise<void> {
  const repository = await mkdtemp(join(folder, "repository-"));
  const path = [dirname(node), env["PATH"]].join(delimiter);
  const words = async (...argv: readonly string[]) =>
    (await run(capstan, argv, repository, { PATH: path })).stdout;
  const git = (...argv: readonly string[]) => run("git", argv, repository);
  equal(await words("--version"), packageJson.version);
  match(await words("--help"), /^Usage: capstan/);
  await git("init", "--quiet");
  await words("sandbox", "up", "--speed", "200");
  try {
    await words("init");
    await git("add", ".");
    await git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "what is live");
    match(await words("validate"), /^Valid\./);
    match(await words("plan"), /No changes/);
  } finally {
    await words("sandbox", "down");
  }
}

try {
  await run(process.execPath, ["delivery/release.ts"], ROOT);
  const release = join(ROOT, "release");
  // A commit as it would be on the forge, and the one that a release is tagged as.
  const sources = join(folder, "sources.git");
  await run("git", ["clone", "--quiet", "--bare", ROOT, sources]);
  const tagged = join(folder, "tagged");
  await run("git", ["init", "--quiet", tagged]);
  await run("git", [`--work-tree=${join(release, "tree")}`, "add", "--all", "--force", "."], tagged);
  await run(
    "git",
    ["-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "v"],
    tagged,
  );
  const installed = [
    await install("archive", join(release, `capstan-${packageJson.version}.tgz`)),
    await install("release's git address", `git+file://${tagged}`),
    await install("sources' git address", `git+file://${sources}`),
  ];
  await installForAll(join(release, `capstan-${packageJson.version}.tgz`));
  for (const version of NODES) {
    const node = await nodeOf(version);
    for (const capstan of installed) await tryOut(capstan, node);
    say(`Node ${(await run(node, ["--version"])).stdout}: version, help, sandbox, init, validate and plan`);
  }
  const old = await nodeOf(REFUSED);
  const path = [dirname(old), env["PATH"]].join(delimiter);
  const refused = await execa(installed[0] ?? "", ["--version"], { env: { PATH: path }, reject: false });
  equal(refused.exitCode, 1);
  match(refused.stderr, /^capstan needs Node 22\.18 or newer; this is Node 20\./);
  say(`Node ${REFUSED}: ${refused.stderr.split("\n")[0]}`);
  const sums = await readFile(join(release, "SHA256SUMS"), "utf8");
  say(sums.trimEnd());
} finally {
  await rm(folder, { recursive: true, force: true });
}
