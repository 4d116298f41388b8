import starlight from "@astrojs/starlight";
import { defineConfig } from "astro/config";

/** Pages of a folder of `docs/`, in the order in which a newcomer reads them. */
const page = (label, slug) => ({ label, slug });

export default defineConfig({
  // Where the site is served from; a release sets it.
  base: process.env.CAPSTAN_DOCS_BASE ?? "/",
  trailingSlash: "always",
  integrations: [
    starlight({
      title: "capstan",
      description: "Rotate certificate authorities by commit: plan, review, apply, roll back.",
      customCss: ["./narrow.css"],
      // A line that is wider than its page would be reached by a mouse alone.
      expressiveCode: { defaultProps: { wrap: true } },
      sidebar: [
        {
          label: "Begin",
          items: [
            page("Concepts", "concepts"),
            page("Install", "install"),
            page("The first hour", "first-hour"),
            page("Beside what you have", "comparison"),
            page("Performance", "performance"),
          ],
        },
        {
          label: "Rotate",
          items: [
            page("The day of a rotation", "day-of-a-rotation"),
            page("Who trusts it outside", "consumers"),
            page("When it is stuck", "stuck"),
            { label: "Runbooks", collapsed: true, items: [{ autogenerate: { directory: "runbooks" } }] },
          ],
        },
        {
          label: "Operate",
          items: [
            page("Pull requests and Actions", "pull-requests"),
            page("Fleets, and nobody awake", "fleets"),
            page("The policy of a cluster", "policy"),
            page("Checks of your own", "checks"),
            page("Certificates of an external CA", "overrides"),
            page("Talos", "talos"),
            page("The screen", "screen"),
            page("Editors", "editors"),
          ],
        },
        {
          label: "Safe",
          items: [page("What keeps it safe", "safety"), page("Threat model", "threat-model"), page("How it is proved", "reliability"), page("What it makes of git", "git"), page("Git servers that are not well", "git-servers")],
        },
        { label: "Reference", items: [{ autogenerate: { directory: "reference" } }, page("Versions", "versions")] },
      ],
    }),
  ],
});
