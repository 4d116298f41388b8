import type { Forge } from "./forge.ts";
import type { ForgeAccess } from "./forge-client.ts";
import { openGitea } from "./gitea.ts";
import { openGitHub } from "./github.ts";
import { openGitLab } from "./gitlab.ts";

/** The forge by its name. Nothing is asked yet. */
export function openForge(access: ForgeAccess): Forge {
  switch (access.forge) {
    case "GitHub":
      return openGitHub(access);
    case "GitLab":
      return openGitLab(access);
    case "Gitea":
    case "Forgejo":
      return openGitea(access.forge, access);
  }
}
