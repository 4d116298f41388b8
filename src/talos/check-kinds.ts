import type { CheckKind } from "../profile/check-kind.ts";
import type { TalosConnection } from "./resources/connection.ts";

/** The kinds of checks of a Talos cluster: by the client files of a user, and not by capstan's own. */
export const CHECK_KINDS: readonly CheckKind[] = [
  {
    name: "talosctl",
    speaksFor: "people who use talosctl with the client file that they were given",
    exercises: ["talos"],
    needs: [],
    takes: ["command", "target"],
    procedure: ({ command = ["talosctl"], target }, { connection }) => ({
      subjects: target === undefined ? (connection as TalosConnection).controlPlanes : [target],
      // The machine answers with its own version only to whom it lets in.
      calls: (machine) => [{ argv: [...command, "--endpoints", machine, "--nodes", machine, "version"] }],
    }),
  },
  {
    name: "kubernetes",
    speaksFor: "people who use kubectl with the client file that they were given",
    exercises: ["kubernetes"],
    needs: [],
    takes: ["command"],
    procedure: ({ command = ["kubectl"] }) => ({
      subjects: [command[0] ?? ""],
      calls: () => [
        {
          argv: [...command, "get", "--raw=/readyz"],
          wrong: (stdout) => (stdout.trim() === "ok" ? null : "the API server does not say that it is ready"),
        },
      ],
    }),
  },
];
