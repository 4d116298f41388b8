import type { BundledPackage } from "./bundled-packages.ts";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

/** What is used of CycloneDX 1.5, as `npm sbom` writes it. */
export interface BillOfMaterials {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component; readonly [field: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  readonly [field: string]: unknown;
}

/**
 * The bill of materials of what is delivered, from that of the whole folder, which has every tool that a build takes.
 * Times, names of folders and random numbers are left out: the same sources give the same text. Throws an `Error`
 * where a bundled package is not in it, or has no checksum.
 */
export function deliveredBill(
  whole: BillOfMaterials,
  name: string,
  bundled: readonly Pick<BundledPackage, "name" | "version">[],
): BillOfMaterials {
  const { serialNumber: _random, ...rest } = whole;
  const { timestamp: _time, ...metadata } = whole.metadata;
  const delivered = new Set(bundled.map((one) => `${one.name}@${one.version}`));
  const components = whole.components.filter((component) => delivered.has(refOf(component)));
  const missing = [...delivered].filter((ref) => !components.some((component) => refOf(component) === ref));
  if (missing.length > 0) throw new Error(`npm sbom does not name ${missing.join(", ")}`);
  const unproven = components
    .filter(({ hashes }) => !Array.isArray(hashes) || hashes.length === 0)
    .map(refOf);
  if (unproven.length > 0) throw new Error(`npm sbom has no checksum of ${unproven.join(", ")}`);
  const refs = new Set([whole.metadata.component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
  return {
    ...rest,
    metadata: { ...metadata, component: { ...metadata.component, name, type: "application" } },
    // To npm they are tools of the build; they are in the bundle.
    components: components.map((component) => ({ ...component, scope: "required", properties: [] })),
    dependencies: whole.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  };
}

function refOf({ name, version }: Component): string {
  return `${name}@${version}`;
}
