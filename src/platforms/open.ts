import { type PlatformName, platformName } from "../profiles.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import type { Platform, PlatformOptions } from "./platform.ts";
import { openTalos } from "./talos/open-talos.ts";
import { openTeleport } from "./teleport/open-teleport.ts";

type Open = (cluster: ClusterResource, options: PlatformOptions) => Platform;

/** Who opens a cluster of which platform. */
const OPEN: Readonly<Record<PlatformName, Open>> = { teleport: openTeleport, talos: openTalos };

/** The platform of a cluster resource. Contacts nothing yet; throws a `Failure` where it says no way to reach it. */
export function openPlatform(cluster: ClusterResource, options: PlatformOptions): Platform {
  return OPEN[platformName(cluster.platform)](cluster, options);
}
