import { expect, it } from "vitest";
import { waiverDiagnostics } from "../../src/guards/waiver-diagnostics.ts";
import type { AuthorityResource } from "../../src/resources/model/desired.ts";
import { TALOS } from "../../src/talos/profile.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { CLUSTER, OLD, rotation } from "../world/host-rotation.ts";

const host: AuthorityResource = {
  cluster: CLUSTER,
  type: "host",
  source: { file: "authorities.yaml", line: 1 },
  activeKeys: [OLD],
  maxAgeMs: null,
  trustConsumers: [{ kind: "manual", name: "orders", instructions: "look", deadlineMs: null }],
};

function found(
  waiver: { readonly guard: string; readonly subject: string; readonly reason?: string },
  authority = host,
  profile = TELEPORT,
) {
  const source = { file: "rotation.yaml", line: 2 };
  const files = [{ path: "rotation.yaml", text: "a:\n    - { guard: x }\n" }];
  const whole = { reason: "off", expires: "2999-01-01", source, ...waiver };
  return waiverDiagnostics(
    { rotations: [rotation("init", { waive: [whole] })], authorities: [authority] },
    { files, profileOf: () => profile },
  );
}

it.each([
  ["consumer/ordesr", host, 'did you mean "consumer/orders"?'],
  ["consumer/orders", { ...host, type: "user" }, "remove it"],
  ["consumer/orders", host, null],
])("a waiver of %s (%#), which may be left over", (subject, authority, suggestion) => {
  expect(
    found({ guard: "trust-consumers", subject }, authority).map((one) => [
      one.severity,
      one.line,
      one.suggestion,
    ]),
  ).toEqual(suggestion === null ? [] : [["warning", 2, suggestion]]);
});

it.each([
  ["exclusive", "authority/host", "cannot be waived", "do what the finding says"],
  ["phase-order", "authority/host", "cannot be waived", "do what the finding says"],
  [
    "machine-states",
    "machine/10.0.0.1",
    'Teleport has no guard "machine-states"',
    "those that can be waived",
  ],
  ["roster", "nodes/node2", 'no finding of "roster" is about "nodes/node2"', "node/"],
  ["roster", "node2", "no finding of", "its findings are about"],
  ["roster", "authority/host", "no finding of", "its findings are about"],
  ["window", "authority/user", "does not move", "write authority/host"],
  ["window", "node/node2", "no finding of", "authority/host"],
  ["trust-consumers", "step/host/init/known-host-both", "no step", "host/init/known-hosts-both"],
])("a waiver of %s for %s can never count", (guard, subject, said, suggested) => {
  const [error, ...others] = found({ guard, subject });
  expect(others).toEqual([]);
  expect([error?.severity, error?.line]).toEqual(["error", 2]);
  expect(error?.message).toContain(said);
  expect(error?.suggestion).toContain(suggested);
});

it.each([
  ["roster", "node/anything at all"],
  ["roster", "listing/nodes"],
  ["window", "authority/host"],
  ["trust-consumers", "step/host/init/known-hosts-both"],
])("one of %s for %s may", (guard, subject) => {
  expect(found({ guard, subject })).toEqual([]);
});

it("each platform has its own guards", () => {
  expect(found({ guard: "foreign-cas", subject: "machine/10.0.0.1" }, host, TALOS)).toEqual([]);
  expect(found({ guard: "pins", subject: "file/a" }, host, TALOS)).toHaveLength(1);
});

it.each(["REASON", "TODO", "...", "<why>", " why "])("%s is no reason", (reason) => {
  expect(found({ guard: "window", subject: "authority/host", reason })[0]?.message).toContain("is no reason");
});
