/** What the figures mean: written by people, after a look at profiles. */
export const FINDINGS = `## Where the time goes

A profile of \`plan\` on 100,000 nodes (\`capstan plan --profile FILE\`), as shares of the time in which it did something:

1. Loading code, 15 %: what a plan of four nodes loads, too.
2. Reading listings, a tenth: a row is compared with the one before it, four bytes at a time, and five values of it are looked at.
3. Judging who follows, 12 %: what a row reports is judged once for all that report it; what is left is who is silent, who
   is connected and unlisted, and how many share a name.
4. Starting executables, 9 %: twelve calls. On Linux Node forks, and the kernel copies the page tables of all that
   capstan holds in memory.
5. Keeping rows, 8 %: ids and names go into columns; collecting the garbage of their texts is 7 % more.

In columns a component takes some 90 bytes where it took 230, a member of a roster some 80 where it took as many. On one
machine with a load of 20, side by side: a plan of 100,000 nodes in the middle of a rotation, with its roster, took
336 MB before and 152 MB since.

A plan of four nodes takes 280 ms of processor time where it took 440 (side by side, on one machine): starting executables
through a package cost as much again as starting them, importing \`node:process\` and \`node:fs\` loaded all streams, the
first arrow that was printed loaded the tables of Unicode, and \`node:https\` was loaded for probes that nobody had declared.
What is left in capstan itself is 25 ms of bare Node, 70 to load 2 MB of code, 30 to read the resources, 2 a call for eighteen
calls, and 30 to plan and print, most of it code that runs once.

What it was before anything was measured: two thirds of a plan of 100,000 nodes was making a name and a sentence for each
component that follows, four times, of which nothing was shown.

## What was tried and does not pay

- **One file in place of lazily loaded pieces**: \`validate\` takes 240 ms of processor time in place of 175, as Node reads and
  checks all of 4.6 MB.
- **Files put together** so that \`validate\` loads ten in place of forty: 5 ms.
- **A start-up snapshot** belongs to one build of Node; a package runs on whatever Node there is.

## What is missed, and the next lever

- **Start-up.** \`validate\` loads 1.1 MB of code: YAML, the validators of all kinds, both profiles with their checklists. With the
  two calls of git and parsing, which a second run in the same process still takes 23 ms for, 3 × bare Node leaves 25 ms for
  loading all of it. Next: a validator loaded only where its kind occurs, and a profile where a cluster of its platform is declared.
- **A plan of few nodes.** The same code is loaded before the first call. Next: the planner and what prints loaded while the calls
  run, and the calls of the only cluster begun as soon as its resource is read.
- **100,000 nodes and more.** Next: ids and names copied into their columns as bytes, where each is
  made a text first (texts, their garbage and writing them again are about a quarter of a plan of a million nodes); ids that are
  UUIDs in 16 bytes; who is connected in columns, too.
- **A host rotation against a shell loop.** The shell asks for nodes alone. capstan looks at everything before a step and after
  it; between polls it waits a tenth of what was waited so far. Next: one whole look fewer a step.
- **Apply for 50 clusters.** They wait side by side; what is left is processor time, 0.7 s a cluster (four tenths of
  what one alone takes), and starting executables as below. Next: fewer whole looks.
- **500 clusters.** A profile of 300: of 131 s, on a machine with a load of 24, 109 s were spent within \`spawn\`, in which Node
  stands still until the child has begun, and so never has twelve calls under way. Out of a small process a call costs 1.5 ms of
  processor time, with 150 MB more 2.4; in the row above it is 8 ms a call for 50 clusters and 12 for 500, of which the shell
  script takes some 4. Next: a few small processes that start executables, begun before memory grows, whose children write to
  sockets of capstan itself; more than twelve calls at a time pay only then.
- **5,000 certificates.** Half of the time goes to decoding by a library of JavaScript, and a signature of each is checked. With a
  reader of our own for the usual certificate it was 5.7 s of CPU for 9.7, and that was taken out again: the second code that
  reads X.509 costs its readers more. Next: printed names made once for each certificate; a library that decodes faster.
- **Pins and 7,500 resources.** Met on the second day, on a machine with nothing else to do.

A wait polls only kinds that still lag (\`apply/wait.ts\`).`;
