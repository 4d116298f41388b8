import type { Profiler } from "node:inspector";
import { Failure } from "../failure.ts";
import { lookAtTarget, namedByFlag, writeTarget } from "../process/written-file.ts";
import { withoutSecrets } from "../secrets.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Does the work under V8's profiler, and writes where its time went, for a bug report: names of functions, where they
 * stand in capstan, and how long they ran. What they worked on is not in it, nor where capstan is installed.
 */
export async function profiled<Result>(
  terminal: Terminal,
  file: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const target = namedByFlag(terminal.cwd, file);
  const found = await lookAtTarget(target);
  if (found !== null && found.size > 0)
    throw new Failure("usage", `${file} holds something already`, {
      hint: "nothing was done; name another file for the profile, or move this one away",
    });
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    try {
      return await work();
    } finally {
      const { profile } = await session.post("Profiler.stop");
      await writeTarget(target, { bytes: profileText(profile) });
      terminal.stderr.write(`wrote ${file}: where the time went, for Chrome DevTools or speedscope\n`);
    }
  } finally {
    session.disconnect();
  }
}

function profileText(profile: Profiler.Profile): string {
  const nodes = profile.nodes.map((node) => {
    const { functionName, url } = node.callFrame;
    return {
      ...node,
      callFrame: {
        ...node.callFrame,
        functionName: withoutSecrets(functionName),
        url: withoutSecrets(withinCapstan(url)),
      },
    };
  });
  return `${JSON.stringify({ ...profile, nodes })}\n`;
}

/** A file by its folder and name: what is above them is a machine of its own. */
function withinCapstan(url: string): string {
  return url.startsWith("file:") || url.startsWith("/") ? url.split("/").slice(-2).join("/") : url;
}
