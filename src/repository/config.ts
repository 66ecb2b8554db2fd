import { readFile, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { dirname as dirnameInGit, join as joinInGit } from "node:path/posix";
import { parseDuration } from "../runner/duration.ts";
import { messageOf, type Place, UsageError } from "../runner/errors.ts";
import { dotted, explainIssue } from "./config-issues.ts";
import { type ConfigFile, configSchema } from "./config-schema.ts";
import type { ConfiguredRoot } from "./configured-roots.ts";
import type { ProtectedSetting } from "./protected-settings.ts";
import { inside } from "./tree.ts";
import { parseYaml, splitDocuments, type YamlDocument } from "./yaml-documents.ts";

/** The configuration of a repository, checked. What it leaves out is undefined or empty. */
export interface Config {
  /** The file that it was read from, from the top of the repository; undefined where there is none. */
  file: string | undefined;
  repository: { url: string | undefined; aliases: readonly string[] };
  baseBranch: string | undefined;
  roots: readonly ConfiguredRoot[];
  argocd: ArgoCdConfig;
  engine: "simulated" | "k3d" | "existing" | undefined;
  simulated: SimulatedSettings;
  k3d: K3dSettings;
  existing: ExistingSettings;
  timeoutMs: number | undefined;
  settleMs: number | undefined;
  egress: "open" | "restricted" | undefined;
  /** Whether nothing may be fetched from other hosts. Asked for by whoever rehearses, and by no file. */
  offline: boolean;
  vendor: {
    /** Absolute. */
    cache: string | undefined;
  };
  credentials: readonly CredentialsConfig[];
  allowEmpty: readonly string[];
  relevance: {
    /** Patterns of paths from the top. */
    ignore: readonly string[];
  };
  allow: readonly ProtectedSetting[];
  /** As `namespace/name`. */
  hostAccess: readonly string[];
  toolchain: {
    /** Absolute. */
    directory: string | undefined;
    archive: string | undefined;
    /** In lower case. */
    archiveSha256: string | undefined;
  };
}

/** Credentials by name: no value of any is in a configuration. */
export interface CredentialsConfig {
  /** What their requests begin with. */
  url: string;
  username?: string | undefined;
  /** The environment variable that holds the username. */
  usernameFrom?: string | undefined;
  /** The environment variable that holds the password. */
  passwordFrom: string;
}

export interface SimulatedSettings {
  /** Folders with Stages, from the top of the repository. */
  stages: readonly { path: string; place: Place }[];
}

export interface K3dSettings {
  /** k3d's own configuration file. */
  config: K3dConfigFile | undefined;
  images: readonly string[];
  /** Absolute. */
  imageCache: string | undefined;
}

export interface K3dConfigFile {
  /** From the top of the repository. */
  path: string;
  place: Place;
  /** Its content, once it has been read; never from the change under rehearsal. */
  text: string | undefined;
}

export interface ExistingSettings {
  context: string | undefined;
  /** Whether the context was named in the configuration rather than on the command line. */
  named: boolean;
  mirror: { bind: string | undefined; host: string | undefined };
}

export interface ArgoCdConfig {
  /** From the top of the repository. */
  values: { path: string; place: Place } | undefined;
  chart: string | undefined;
  /** A URL, or the absolute path of a folder. */
  repository: string | undefined;
  version: string | undefined;
  release: string | undefined;
  namespace: string | undefined;
}

export const configFileName = ".rehearsal.yaml";

/**
 * Reads `.rehearsal.yaml` of a folder on disk, else of the top of the checkout it lies in; `file` names
 * another instead. Without any, everything is left out. Throws UsageError with file, line, key, what was
 * found and what is accepted.
 */
export async function loadConfig(path: string, options: { file?: string | undefined } = {}): Promise<Config> {
  const folder = await realpath(path).catch(() => resolve(path));
  const top = await topOf(folder);
  const files =
    options.file === undefined
      ? [join(folder, configFileName), join(top, configFileName)]
      : [await realpath(options.file).catch(() => resolve(options.file ?? ""))];
  for (const file of files) {
    const text = await readIfThere(file);
    if (text !== undefined) return parseConfig(text, { top, file });
  }
  if (options.file === undefined) return emptyConfig();
  throw new UsageError(`there is no configuration file ${options.file}`, { fix: "Correct --config." });
}

/** What counts where there is no configuration. */
export function emptyConfig(): Config {
  return convert({}, undefined, locate({ top: "/", file: `/${configFileName}` }));
}

/**
 * Reads the text of a configuration file. `top` is the top of the checkout and `file` where the text stands,
 * both absolute. Throws UsageError.
 */
export function parseConfig(text: string, where: { top: string; file: string }): Config {
  const conversion = locate(where);
  const { file } = conversion;
  const [first, second] = splitDocuments(text);
  if (!first) return convert({}, file, conversion);
  if (second) {
    throw new UsageError(`${file} holds more than one YAML document`, {
      where: { file, line: second.firstLine },
      fix: "Put all keys into the first.",
    });
  }
  const document = parseYaml(first);
  const [error] = document.errors;
  if (error) {
    throw new UsageError(`${file} is not valid YAML: ${error.message}`, {
      where: { file, line: error.line },
    });
  }
  const checked = configSchema.safeParse(document.value ?? {});
  const placeOf = (path: Path) => ({ file, line: lineOf(document, path) });
  if (checked.success) return convert(checked.data, file, { ...conversion, placeOf });
  const [issue] = checked.error.issues;
  const explained = explainIssue(issue, document.value);
  throw new UsageError(`${file}: ${explained.message}`, {
    where: placeOf(explained.path),
    fix: explained.fix,
  });
}

/** The folder with `.git`, upwards from a folder; the folder itself where there is none. */
async function topOf(folder: string): Promise<string> {
  for (let candidate = folder; ; candidate = dirname(candidate)) {
    if (await stat(join(candidate, ".git")).catch(() => undefined)) return candidate;
    if (dirname(candidate) === candidate) return folder;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

type Path = readonly PropertyKey[];

/** The line of the key at a path; for an item of a list, of the item. */
function lineOf(document: YamlDocument, path: Path): number {
  const keys = path.map((key) => (typeof key === "number" ? key : String(key)));
  const parent: unknown = document.document.getIn(keys.slice(0, -1), true);
  const offset = keyOffset(parent, keys.at(-1)) ?? nodeOffset(document.document.getIn(keys, true)) ?? 0;
  return document.lineAt(offset);
}

function keyOffset(parent: unknown, key: string | number | undefined): number | undefined {
  if (typeof parent !== "object" || parent === null || !("items" in parent) || !Array.isArray(parent.items)) {
    return undefined;
  }
  const pair = parent.items.find((item) => String(item?.key) === String(key));
  return nodeOffset(pair?.key);
}

function nodeOffset(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  return Array.isArray(node.range) ? Number(node.range[0]) : undefined;
}

interface Conversion {
  /** For people: from the top where it stands below it, else absolute. */
  file: string;
  /** Where paths within the repository start, from the top. */
  folder: string;
  /** Where other paths start; absolute. */
  diskFolder: string;
  placeOf: (path: Path) => Place;
}

/** A file from elsewhere speaks of the repository from its top. */
function locate({ top, file }: { top: string; file: string }): Conversion {
  const fromTop = inside(relative(top, file).split(sep).join("/"));
  const shown = fromTop ?? file;
  const folder = fromTop === undefined ? "" : (inside(dirnameInGit(fromTop)) ?? "");
  return { file: shown, folder, diskFolder: dirname(file), placeOf: () => ({ file: shown }) };
}

function convert(raw: ConfigFile, file: string | undefined, conversion: Conversion): Config {
  const { repository, argocd, toolchain, k3d, existing } = raw;
  const onDisk = (path: string) => (isAbsolute(path) ? path : join(conversion.diskFolder, path));
  return {
    file,
    repository: { url: repository?.url, aliases: repository?.aliases ?? [] },
    baseBranch: raw.baseBranch,
    roots: (raw.roots ?? []).map((path, index) => withinRepository(path, ["roots", index], conversion)),
    argocd: {
      values:
        argocd?.values === undefined
          ? undefined
          : withinRepository(argocd.values, ["argocd", "values"], conversion),
      chart: argocd?.chart,
      repository:
        argocd?.repository === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(argocd.repository)
          ? argocd?.repository
          : onDisk(argocd.repository),
      version: argocd?.version,
      release: argocd?.release,
      namespace: argocd?.namespace,
    },
    engine: raw.engine,
    simulated: {
      stages: (raw.simulated?.stages ?? []).map((path, index) =>
        withinRepository(path, ["simulated", "stages", index], conversion),
      ),
    },
    k3d: {
      config:
        k3d?.config === undefined
          ? undefined
          : { ...withinRepository(k3d.config, ["k3d", "config"], conversion), text: undefined },
      images: k3d?.images ?? [],
      imageCache: k3d?.imageCache === undefined ? undefined : onDisk(k3d.imageCache),
    },
    existing: {
      context: existing?.context,
      named: existing?.context !== undefined,
      mirror: { bind: existing?.mirror?.bind, host: existing?.mirror?.host },
    },
    timeoutMs: raw.timeout === undefined ? undefined : parseDuration(raw.timeout),
    settleMs: raw.settle === undefined ? undefined : parseDuration(raw.settle),
    egress: raw.egress,
    offline: false,
    vendor: { cache: raw.vendor?.cache === undefined ? undefined : onDisk(atHome(raw.vendor.cache)) },
    credentials: raw.credentials ?? [],
    allowEmpty: raw.allowEmpty ?? [],
    relevance: { ignore: raw.relevance?.ignore ?? [] },
    allow: raw.allow ?? [],
    hostAccess: raw.hostAccess ?? [],
    toolchain: {
      directory: toolchain?.directory === undefined ? undefined : onDisk(toolchain.directory),
      archive: toolchain?.archive,
      archiveSha256: toolchain?.sha256?.toLowerCase(),
    },
  };
}

function atHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

function withinRepository(
  path: string,
  key: Path,
  { folder, placeOf }: Conversion,
): { path: string; place: Place } {
  const place = placeOf(key);
  const clean = path.startsWith("/") ? undefined : inside(joinInGit(folder, path));
  if (clean !== undefined) return { path: clean, place };
  throw new UsageError(`${place.file}: ${dotted(key)} is "${path}", which leads out of the repository`, {
    where: place,
    fix: "Write it relative to the configuration file.",
  });
}
