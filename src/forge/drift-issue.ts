import { harmlessLine } from "../views/harmless.ts";
import { link } from "../views/markdown/inline.ts";
import { asWritten, createOnce, type Render, sameText, type Written, writeFitting } from "./fitting-text.ts";
import type { Forge, Issue } from "./forge.ts";
import { readMarker, withoutMarker, writeMarker } from "./marker.ts";

/** How a cluster stands, for its issue. */
export interface DriftReport {
  readonly cluster: string;
  readonly commit: string | null;
  readonly fingerprint: string;
  /** Live and git differ. */
  readonly drifted: boolean;
  readonly runUrl: string | null;
  readonly render: Render;
}

/** The label of the issues that capstan keeps. */
export const DRIFT_LABEL = "capstan-drift";

/**
 * One issue per cluster: opened when live and git differ, updated while what differs changes, closed when they
 * are equal again, and the same one opened again later. One that a person closed as not planned stays closed as
 * long as it would say the same.
 */
export async function keepDriftIssue(forge: Forge, report: DriftReport): Promise<Written> {
  return await asWritten(forge, async () => {
    const found = await issueOf(forge, report.cluster);
    if (!report.drifted)
      return found?.state === "open" ? await close(forge, found, report) : { result: "none" };
    return found === undefined ? await open(forge, report) : await update(forge, found, report);
  });
}

async function open(forge: Forge, report: DriftReport): Promise<Written> {
  await writeFitting(markerOf(report), report.render, (body) =>
    createOnce(
      () => issueOf(forge, report.cluster),
      () => forge.createIssue({ title: titleOf(report), body, label: DRIFT_LABEL }),
    ),
  );
  return { result: "created" };
}

async function update(forge: Forge, found: Issue, report: DriftReport): Promise<Written> {
  return await writeFitting(markerOf(report), report.render, async (body): Promise<Written> => {
    const same = sameText(withoutMarker(found.body), withoutMarker(body));
    if (same && (found.state === "open" || found.reason === "not_planned")) return { result: "unchanged" };
    await forge.updateIssue(found.number, { title: titleOf(report), body, state: "open" });
    return { result: found.state === "open" ? "updated" : "created" };
  });
}

async function close(forge: Forge, found: Issue, report: DriftReport): Promise<Written> {
  const by = report.runUrl === null ? "" : ` ${link("by this run", report.runUrl)}`;
  const body = `${markerOf(report)}Live equals git again, as seen${by}.\n`;
  await forge.updateIssue(found.number, { body, state: "closed" });
  return { result: "closed" };
}

function markerOf({ cluster, commit, fingerprint }: DriftReport): string {
  return writeMarker({ v: 1, kind: "drift", scope: cluster, commit, fingerprint, state: "current" });
}

function titleOf({ cluster }: DriftReport): string {
  return `capstan: ${harmlessLine(cluster)} is not what git says`;
}

async function issueOf(forge: Forge, cluster: string): Promise<Issue | undefined> {
  const issues = await forge.issues(DRIFT_LABEL, await forge.login());
  return issues.find(({ body }) => {
    const marker = readMarker(body);
    return marker?.kind === "drift" && marker.scope === cluster;
  });
}
