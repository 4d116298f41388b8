/**
 * The container as it is meant to run: `npm run test:container`, as root. The base is made here, of this machine's Node
 * and git with the libraries that they load, and nothing else: no registry is asked, and there is no shell in it. Needs
 * Debian's `buildah`, `podman` and `runc`.
 */
import { equal, match, notEqual } from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..", "..");
const NOBODY = "65532:65532";

const CLUSTER = `kind: cluster
version: v1
metadata:
  name: acme.cluster
spec:
  platform: teleport
  teleport:
    tctl: [tctl]
  policy:
    max_session_ttl: 12h
---
kind: certificate_authority
sub_kind: host
version: v1
metadata:
  name: acme.cluster
spec:
  active_keys: ["sha256:${"0123456789abcdef".repeat(4)}"]
`;

const folder = await mkdtemp(join(tmpdir(), "capstan-container-"));
const base = join(folder, "base");
// Storage of its own, so that no image of this machine is used or left.
const storage = [
  "--root",
  join(folder, "images"),
  "--runroot",
  join(folder, "run"),
  "--storage-driver",
  "vfs",
];
const buildah = async (...argv: readonly string[]) => (await execa("buildah", [...storage, ...argv])).stdout;

/** Puts an executable and the libraries that it loads into the base. */
async function bring(executable: string, to: string): Promise<void> {
  const { stdout } = await execa("ldd", [executable]);
  const libraries = [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(([, path]) => path ?? "");
  for (const [from, place] of [[executable, to], ...libraries.map((path) => [path, path])] as const) {
    await mkdir(dirname(join(base, place)), { recursive: true });
    await cp(await realpath(from), join(base, place));
  }
}

/** podman asks for higher ones than it may set where it runs in a container itself. */
const LIMITS = ["nofile", "nproc"].flatMap((name) => ["--ulimit", `${name}=1024:1024`]);

async function inContainer(repository: string, ...argv: readonly string[]) {
  const how = ["--rm", "--read-only", "--read-only-tmpfs=false", "--network", "none", ...LIMITS];
  const manager = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"];
  const volume = ["--volume", `${repository}:/work:ro`];
  return await execa("podman", [...storage, ...manager, "run", ...how, ...volume, ...argv], {
    reject: false,
  });
}

try {
  await bring(process.execPath, "/usr/local/bin/node");
  await bring((await execa("which", ["git"])).stdout, "/usr/bin/git");
  await mkdir(join(base, "work"));
  const scratch = await buildah("from", "scratch");
  await buildah("copy", "--quiet", scratch, base, "/");
  await buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin", scratch);
  await buildah("commit", "--quiet", scratch, "localhost/base");

  await execa(process.execPath, ["delivery/release.ts"], { cwd: ROOT });
  const file = ["--file", join(ROOT, "Containerfile"), "--build-arg", "BASE=localhost/base"];
  await buildah("build", "--quiet", ...file, "--tag", "localhost/capstan", join(ROOT, "release", "tree"));

  // A repository that belongs to whom the container runs as, which is what git insists on.
  const repository = join(folder, "repository");
  await mkdir(repository);
  await writeFile(join(repository, "cluster.yaml"), CLUSTER);
  const git = (...argv: readonly string[]) => execa("git", argv, { cwd: repository });
  await git("init", "--quiet");
  await git("add", ".");
  await git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "resources");
  await execa("chown", ["--recursive", NOBODY, repository]);
  await chmod(folder, 0o755);

  const image = "localhost/capstan";
  const version = await inContainer(repository, image, "--version");
  equal(version.stdout, packageJson.version, version.stderr);
  const valid = await inContainer(repository, image, "validate");
  match(valid.stdout, /^Valid\. \d+ resources?\./, valid.stderr);
  const plan = await inContainer(repository, image, "plan");
  equal(plan.exitCode, 1);
  match(plan.stderr, /tctl/, "there is no tctl in this base, and plan says so");

  const script =
    "try { require('fs').writeFileSync('/opt/capstan/x', ''); } catch ({ code }) { console.log(code, process.getuid()); }";
  const writing = await inContainer(repository, "--entrypoint", "node", image, "-e", script);
  equal(writing.stdout, "EROFS 65532", writing.stderr);
  const shell = await inContainer(repository, "--entrypoint", "/bin/sh", image, "-c", "true");
  notEqual(shell.exitCode, 0);
  process.stdout.write(
    `capstan ${version.stdout} in a container: as user 65532, on a file system to read only, without network or shell\n` +
      `validate: ${valid.stdout}\nplan without tctl: ${plan.stderr.split("\n")[0]}\nwriting: ${writing.stdout}\n`,
  );
} finally {
  // The last container may still be taking itself away.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
}
