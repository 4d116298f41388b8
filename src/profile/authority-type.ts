/** One CA type of a platform, as far as the core has to know it. */
export interface AuthorityType {
  /** As in YAML and in every plan: `db_client`. */
  readonly name: string;
  /** What it signs, for people. */
  readonly signs: string;
  /** Components tell by themselves how far they have followed it, so that a rotation can wait for each of them. */
  readonly reportedByComponents: boolean;
  /** Its new key may sign in init already, for whoever asks for it. */
  readonly signsFromInit: boolean;
  /** People log in with what it signs: who logged in before update_clients is logged out when the old key goes. */
  readonly signsSessions?: true;
}

/** Reads either spelling (`db-client`, `db_client`) and gives the one of YAML. */
export function apiSpelling(name: string): string {
  return name.replaceAll("-", "_");
}
