import { expect, it } from "vitest";
import { waiverDiagnostics } from "../../src/checklist/waivers.ts";
import type { AuthorityResource } from "../../src/resources/model/desired.ts";
import { CLUSTER, OLD, rotation } from "../world/host-rotation.ts";

const host: AuthorityResource = {
  cluster: CLUSTER,
  type: "host",
  source: { file: "authorities.yaml", line: 1 },
  activeKeys: [OLD],
  maxAgeMs: null,
  trustConsumers: [{ kind: "manual", name: "orders", instructions: "look", deadlineMs: null }],
};

it.each([
  ["consumer/ordesr", host, 'did you mean "consumer/orders"?'],
  ["consumer/orders", { ...host, type: "user" }, "remove it"],
  ["consumer/orders", host, null],
  ["node/node22", host, null],
])("a waiver of %s (%#)", (subject, authority, suggestion) => {
  const source = { file: "rotation.yaml", line: 2 };
  const waiver = { guard: "trust-consumers", subject, reason: "off", expires: "2999-01-01", source };
  const files = [{ path: "rotation.yaml", text: "a:\n    - { guard: x }\n" }];
  const found = waiverDiagnostics(
    { rotations: [rotation("init", { waive: [waiver] })], authorities: [authority] },
    { files },
  );
  expect(found.map((one) => [one.severity, one.line, one.suggestion])).toEqual(
    suggestion === null ? [] : [["warning", 2, suggestion]],
  );
});
