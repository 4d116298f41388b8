/**
 * What is a secret, and text without it. Two ways to know one: a form that only secrets have, and a register of the
 * values that this run got to know: what a variable stood for, a token it was given, a password of an identity.
 *
 * Used twice on purpose: on data before it is laid out, as a line break within a secret would hide it from a later
 * look, and on everything that leaves the process, so that a new command cannot forget it.
 */
const REMOVED = "[redacted]";

/** A shorter value stands in too many honest words; who has a password of three letters has none. */
const SHORTEST = 4;

const known = new Map<string, string>();
let knownPattern: RegExp | null = null;

/** Values of variables that git says itself. */
const inGit = new Set<string>();

/**
 * From here on the value is in no output of this run. With the name of the variable it was the value of, the name is
 * shown in its place: `${TELEPORT_IDENTITY_FILE}`.
 */
export function registerSecret(value: string, name?: string): void {
  const shownAs = name === undefined ? REMOVED : `\${${name}}`;
  const whole = value.trim();
  if (name !== undefined && inGit.has(whole)) return;
  // A key of several lines is quoted line by line, too; lines of a dozen characters are of a secret, not a word.
  const lines = whole.includes("\n") ? whole.split(/\r?\n/).filter((line) => line.length >= 12) : [];
  for (const text of [whole, ...lines]) {
    if (text.length < SHORTEST) continue;
    for (const spelling of spellingsOf(text)) if (!known.has(spelling)) known.set(spelling, shownAs);
  }
  knownPattern = null;
}

/** For a process that goes on with another run, which knows nothing yet. */
export function forgetSecrets(): void {
  known.clear();
  inGit.clear();
  knownPattern = null;
}

/** Values of variables that are hidden so far. */
export function hiddenVariables(): readonly string[] {
  return [...known].flatMap(([value, shownAs]) => (isVariable(shownAs) ? [value] : []));
}

/**
 * What git says itself is no secret because a variable holds it, too: hidden, the name of a cluster would be another
 * one in plans, plan files and commands, and the digest of what is approved would not fit.
 */
export function letStand(value: string): void {
  inGit.add(value);
  for (const spelling of spellingsOf(value)) {
    if (isVariable(known.get(spelling))) known.delete(spelling);
  }
  knownPattern = null;
}

function isVariable(shownAs: string | undefined): boolean {
  return shownAs?.startsWith("${") === true;
}

/** As it stands in JSON, in an address, and in base64. */
function spellingsOf(text: string): readonly string[] {
  const spellings = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed())];
  if (text.length >= 12) spellings.push(Buffer.from(text).toString("base64").replace(/=+$/, ""));
  return spellings;
}

/**
 * Variables of the environment that hold a credential by their names: the word is the end, as AWS_ACCESS_KEY_ID and
 * VAULT_TOKEN_FILE name no secret. Executables get them, so they may print them.
 */
const CREDENTIAL_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PGPASSWORD|CREDENTIALS?|(?:PRIVATE|SECRET|ACCESS|API)_?KEY|PAT)$/i;

/**
 * Makes the values of variables that hold credentials by their name unprintable from now on; shorter ones than 8
 * characters would hide common words.
 */
export function registerEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < 8) continue;
    if (CREDENTIAL_NAME.test(name)) registerSecret(value);
  }
}

/** To its end, or to the end of the text when that was cut off. */
const PRIVATE_KEY_BLOCK = /-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;

/** Its end alone: the head of a long output was cut off, and the line that says what begins went with it. */
const PRIVATE_KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----/g;

/** Teleport prints keys as base64 of PEM; this is what `-----BEGIN ` looks like then. */
const BASE64_PEM = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;

/**
 * Where a private key may begin that is base64 of DER without a line that says so: a sequence whose first element is
 * a version (PKCS#8, PKCS#1 and SEC1 of every length), or OpenSSH's own form. `isPrivateDer` looks closer, as a
 * certificate request begins alike.
 */
const KEY_BODY =
  /(?:M[A-L][A-Za-z0-9+/_-]{2}[A-Za-z0-9+/_-]{2}(?:IB|EA|EB|Aw|Az|EE|Ew)|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/_-]{20,}={0,2}(?:(?:\s|\\[nr])+[A-Za-z0-9+/_-]{40,}={0,2})*(?:(?:\s|\\[nr])+[A-Za-z0-9+/_-]{1,63}={0,2}(?![A-Za-z0-9]))?/g;

/** Values that are secrets whatever they are called. */
const FORMS: readonly RegExp[] = [
  /\bgh[oprsu]_[A-Za-z0-9_.-]{16,}/g, // GitHub's tokens, and the longer ones of installations
  /\bgithub_pat_[A-Za-z0-9_]{16,}/g,
  /\bglpat-[\w-]{16,}/g,
  /\bhv[bs]\.[\w-]{16,}/g, // Vault
  /\bxox[abeoprs]-[\w-]{10,}/g, // Slack
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, // JSON web tokens
  /\bAGE-SECRET-KEY-[0-9A-Z-]+/gi, // age, also with post-quantum recipients (AGE-SECRET-KEY-PQ-1…)
  /\bAGE-PLUGIN-[0-9A-Z-]+-1[0-9A-Z]{6,}/gi,
  /(?<=\bBearer\s+)[\w.~+/=-]{8,}/g,
];

/** `https://user:password@host`; the host stays, as the sentence is about it. */
const ADDRESS_WITH_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/"'<>@:]{0,200}:[^\s/"'<>]{1,500}@/gi;

/** None of the above can be in a text without one of these. */
const WORTH_A_LOOK =
  /PRIVATE KEY|LS0tLS1CRUdJTi|M[A-L][A-Za-z0-9+/_-]{30}|b3BlbnNzaC1rZXk|gh[oprsu]_|github_pat_|glpat-|hv[bs]\.|xox|eyJ|AGE-|Bearer\s|:\/\/[^\s/]{0,200}:/i;

/** The text without anything that is a secret by its form, and without every value that was registered. */
export function withoutSecrets(text: string): string {
  const clean = withoutKnown(text);
  if (!WORTH_A_LOOK.test(clean)) return clean;
  let out = withoutHeadlessKeys(clean.replace(PRIVATE_KEY_BLOCK, "[redacted private key]"))
    .replace(BASE64_PEM, (match) => (isPrivatePem(match) ? REMOVED : match))
    .replace(KEY_BODY, (match) => (isPrivateDer(match) ? "[redacted private key]" : match))
    .replace(ADDRESS_WITH_PASSWORD, `$1${REMOVED}@`);
  for (const form of FORMS) out = out.replace(form, REMOVED);
  return out;
}

/** The same for every text in a value that is written as JSON, where a name can be one, too. */
export function valueWithoutSecrets<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return withoutSecrets(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanKey(key), clean(inner)]));
}

/** A variable may hold a word by which capstan calls a field; what has the form of a secret is none. */
function cleanKey(key: string): string {
  return isVariable(known.get(key)) ? key : withoutSecrets(key);
}

function withoutKnown(text: string): string {
  if (known.size === 0) return text;
  // The longest first: one value may be the beginning of another.
  knownPattern ??= new RegExp(
    [...known.keys()]
      .toSorted((left, right) => right.length - left.length)
      .map((value) => value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
      .join("|"),
    "g",
  );
  return text.replace(knownPattern, (value) => known.get(value) ?? REMOVED);
}

/** From the end of a key back over everything that can be its body. */
function withoutHeadlessKeys(text: string): string {
  let out = "";
  let from = 0;
  for (const match of text.matchAll(PRIVATE_KEY_END)) {
    let start = match.index;
    while (start > from && isOfBody(text, start - 1)) start -= 1;
    out += `${text.slice(from, start)}[redacted private key]`;
    from = match.index + match[0].length;
  }
  return out + text.slice(from);
}

const BODY_CHARACTER = /[A-Za-z0-9+/=\s\\]/;

function isOfBody(text: string, at: number): boolean {
  return BODY_CHARACTER.test(text.charAt(at));
}

function isPrivatePem(base64: string): boolean {
  return Buffer.from(base64.slice(0, 120), "base64").toString("latin1").includes("PRIVATE KEY");
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTETS = 0x04;
const OBJECT_ID = 0x06;

/** A sequence, its version, and then: an algorithm (PKCS#8, PKCS#12), a modulus (PKCS#1) or the key itself (SEC1). */
function isPrivateDer(base64: string): boolean {
  if (base64.startsWith("b3BlbnNzaC1rZXktdjE")) return true;
  const der = Buffer.from(base64.slice(0, 64), "base64");
  if (der[0] !== SEQUENCE) return false;
  const version = afterLength(der, 1);
  if (der[version] !== INTEGER || der[version + 1] !== 1 || (der[version + 2] ?? 9) > 3) return false;
  const next = version + 3;
  if (der[next] === INTEGER || der[next] === OCTETS) return true;
  return der[next] === SEQUENCE && der[afterLength(der, next + 1)] === OBJECT_ID;
}

function afterLength(der: Uint8Array, at: number): number {
  const first = der[at] ?? 0;
  return first < 0x80 ? at + 1 : at + 1 + (first & 0x7f);
}

/** git quotes the address of the remote, which may have a token in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s@]*@/g, "://…@");
}
