/** What the figures mean: written by people, after a look at profiles. */
export const FINDINGS = `## Where the time goes

Not looked at yet.`;
