import { basename, dirname, extname } from "node:path/posix";
import { parseDocument } from "yaml";
import { configFileName } from "./config.ts";
import { isDocumentation } from "./documentation.ts";
import { generatedSources } from "./generated-sources.ts";
import { globToRegExp } from "./glob.ts";
import { type Declared, isChartTemplate, readDeclared } from "./manifests.ts";
import { inside, type Tree } from "./tree.ts";
import { isMapping, mapping, mappings, text } from "./untyped.ts";

/** What a commit says, anywhere, about which files Argo CD reads. Each answer is yes wherever it might be. */
export interface Readers {
  /** Whether it may be any file at all: a plugin, functions that kustomize executes, a generator unknown to us. */
  anything: boolean;
  /** Whether a folder that appears or vanishes could be somebody's: listed by a generator, or named. */
  names(folder: string): boolean;
  /** Whether a symbolic link leads to the file, or to a folder above it. */
  linked(path: string): boolean;
  /** Whether it lies in a chart that could read it. */
  inChart(path: string): boolean;
  /** Whether a manifest, values file, kustomization or template names the file. */
  namesFile(path: string): boolean;
  /** Whether a source could be a folder that the file lies in. */
  readsFolderOf(path: string): boolean;
}

const configuration = /\.(?:ya?ml|json|tpl|gotmpl|jsonnet|libsonnet)$|(?:^|\/)Kustomization$/;
const plugins =
  /configManagementPlugin|argocd-cmp|cmp-server|--enable-exec|--enable-alpha-plugins|\bcmp\s*:\s*\n\s+create\s*:\s*["']?true/i;
/** In an Application. */
const pluginSource = /^\s*(?:-\s*)?["']?plugin["']?\s*:/m;
/** A source whose folder is the top of the repository. A leading slash is refused by Argo CD. */
const topFolder = /\bpath["']?\s*:\s*(?:"(?:\.\/?)?"|'(?:\.\/?)?'|\.\/?)\s*(?:[#,}\]]|$)/m;
const applicationSet = /\bApplicationSet\b/;
/** A list item that may be a values file and matches anything. */
const anyValuesFile = /^\s*-\s*["']?(?:\.?\/|\$\w+\/)?\*+(?:\/\*+)*["']?\s*$/m;

/**
 * Reads all of a commit that Argo CD, Helm, kustomize or jsonnet might. What is `aside` (of the tools of those
 * who work on the repository) counts only where something else leads to it.
 */
export async function readReaders(tree: Tree, isAside: (path: string) => boolean): Promise<Readers> {
  const texts = await readTexts(tree);
  const declared = await readDeclared(tree, "");
  const counting = new Map([...texts].filter(([path]) => !isAside(path)));
  for (;;) {
    const readers = readersIn(counting, { tree, declared });
    const reached = [...texts].filter(
      ([path]) =>
        !counting.has(path) &&
        !isDocumentation(path) &&
        (readers.linked(path) ||
          readers.inChart(path) ||
          readers.namesFile(path) ||
          readers.readsFolderOf(path)),
    );
    if (readers.anything || reached.length === 0) return readers;
    for (const [path, text] of reached) counting.set(path, text);
  }
}

function readersIn(
  texts: ReadonlyMap<string, string>,
  { tree, declared }: { tree: Tree; declared: Declared },
): Readers {
  const every = [...texts.values()];
  const sources = [
    ...declared.applications.flatMap((application) => application.sources),
    ...declared.applicationSets.flatMap((set) => generatedSources(set, tree)),
  ];
  const folders = sources.flatMap(({ path }) => (path === undefined ? [] : (inside(path) ?? [])));
  const atTop = folders.includes("") || every.some((text) => topFolder.test(text));
  // Of these only a rendered manifest says what their generators list.
  const unknownSets = [...texts].filter(
    ([path, text]) => applicationSet.test(text) && (isChartTemplate(tree, path) || !/\.ya?ml$/.test(path)),
  );
  const declaring = new Set(declared.applicationSets.map(({ place }) => place.file));
  const listsFolders = [...texts].some(
    ([path, text]) => !declaring.has(path) && /\bdirectories\b/.test(text) && applicationSet.test(text),
  );
  const listed = patternsOf(declared, "directories").map((one) =>
    globToRegExp(one, { star: "within-folder" }),
  );
  const patterns = [
    ...globsIn(every).map((one) => globToRegExp(one, { star: "within-folder" })),
    ...patternsOf(declared, "files").map((one) => globToRegExp(one, { star: "anything" })),
  ];
  const links = tree.files
    .filter(({ kind }) => kind === "symlink")
    .flatMap(({ path }) => tree.resolve(path) ?? []);
  const charts = chartsIn(tree, texts);

  return {
    anything: every.some(
      (text) =>
        plugins.test(text) ||
        (text.includes("argoproj.io") && pluginSource.test(text)) ||
        (text.includes("valueFiles") && anyValuesFile.test(text)) ||
        (applicationSet.test(text) && unknownSets.length > 0 && /\bfiles["']?\s*:/.test(text)),
    ),
    names: (folder) =>
      listsFolders ||
      (unknownSets.length > 0 && every.some((text) => /\bdirectories\b/.test(text))) ||
      listed.some((pattern) => pattern.test(folder)) ||
      every.some((text) => text.includes(basename(folder))),
    linked: (path) => links.some((target) => target === path || path.startsWith(`${target}/`)),
    inChart: (path) => charts.some((couldRead) => couldRead(path)),
    namesFile(path) {
      const name = basename(path);
      const extension = extname(name);
      // `{{ name }}.md`: whichever name that makes.
      const made = new RegExp(`\\}\\}[\\w./-]*${RegExp.escape(extension)}\\b`);
      const ends = path.split("/").map((_, index, parts) => parts.slice(index).join("/"));
      return (
        every.some((text) => text.includes(name) || (extension !== "" && made.test(text))) ||
        patterns.some((pattern) => ends.some((end) => pattern.test(end)))
      );
    },
    readsFolderOf(path) {
      if (atTop || unknownSets.length > 0) return true;
      if (folders.some((folder) => path.startsWith(`${folder}/`))) return true;
      const [first = "", ...rest] = path.split("/");
      const word = new RegExp(`(?<![\\w.-])${RegExp.escape(first)}(?![\\w.-])`);
      return rest.length > 0 && every.some((text) => text.includes(first) && word.test(text));
    },
  };
}

/** Text by path, without the lines of YAML that are only a comment: nothing is read because of those. */
async function readTexts(tree: Tree): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const paths = tree.files
    .filter(({ path, kind }) => kind === "file" && (configuration.test(path) || isChartTemplate(tree, path)))
    .map(({ path }) => path);
  for await (const [path, text] of tree.readAll(paths, { maxBytes: Number.POSITIVE_INFINITY })) {
    const plain = /\.ya?ml$/.test(path) && !isChartTemplate(tree, path);
    if (basename(path) === configFileName) texts.set(path, withoutRelevance(text));
    else texts.set(path, plain ? text.replace(/^[ \t]*#.*$/gm, "") : text);
  }
  return texts;
}

/** What Rehearsal is told to ignore is not named by that. */
function withoutRelevance(config: string): string {
  const { relevance: _, ...others } = mapping(parseDocument(config).toJS());
  return JSON.stringify(others);
}

/** Whatever could be a pattern for files. Of stars alone there are too many that mean something else. */
function globsIn(texts: readonly string[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    for (const [token] of text.matchAll(/[^\s"'`,[\](){}=:]*\*[^\s"'`,[\](){}=:]*/g)) {
      const pattern = token.replace(/^(?:\.?\/|\$\w+\/)/, "");
      if (/[^*/]/.test(pattern)) found.add(pattern);
    }
  }
  return [...found];
}

/** The patterns below `directories` or `files` of the Git generators, at any depth. */
function patternsOf({ applicationSets }: Declared, key: "directories" | "files"): string[] {
  const search = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flatMap(search);
    if (!isMapping(value)) return [];
    return Object.entries(value).flatMap(([name, inner]) =>
      name === key ? mappings(inner).flatMap(({ path }) => text(path) ?? []) : search(inner),
    );
  };
  return applicationSets.flatMap(({ generators }) => search([...generators]));
}

/** Prose up to this size does not matter to Helm, which refuses charts with files that are too large. */
const smallBytes = 1024 * 1024;

/**
 * For each chart, whether it could read a file. Helm loads every file of a chart, renders whatever is below
 * `templates`, and gives the rest to templates that ask for `.Files`. Those of a dependency, which is not here to
 * be read, may do so too.
 */
function chartsIn(tree: Tree, texts: ReadonlyMap<string, string>): ((path: string) => boolean)[] {
  const folders = tree.files
    .filter(({ path }) => basename(path) === "Chart.yaml")
    .map(({ path }) => (dirname(path) === "." ? "" : `${dirname(path)}/`));
  return folders.map((folder) => {
    const asks = [...texts].some(([path, text]) => path.startsWith(folder) && /\bFiles\b/.test(text));
    const depends =
      /^dependencies\s*:/m.test(texts.get(`${folder}Chart.yaml`) ?? "") ||
      tree.hasFolder(`${folder}charts`) ||
      tree.hasFile(`${folder}requirements.yaml`);
    return (path) => {
      if (!path.startsWith(folder)) return false;
      const size = tree.files.find((file) => file.path === path)?.bytes ?? 0;
      return asks || depends || path.slice(folder.length).includes("/") || size > smallBytes;
    };
  });
}
