import { dirname, join } from "node:path/posix";
import type { Place } from "../runner/errors.ts";
import { chartDependencies } from "./chart-dependencies.ts";
import type { Content } from "./content.ts";
import { type Fetcher, findFetchers } from "./fetchers.ts";
import { type KustomizationRemote, kustomizationReader } from "./kustomization-remotes.ts";
import type { FilePlace } from "./locate.ts";
import type { RemoteSource, RemoteSources, UnknownSource } from "./remote-source.ts";
import { httpsUrlOf, parseRepositoryUrl } from "./repository-url.ts";
import type { Roots } from "./roots.ts";
import type { Source } from "./sources.ts";
import { inside, type Tree } from "./tree.ts";
import { text, texts } from "./untyped.ts";

export interface RemoteSourcesRequest {
  content: Content;
  isThisRepository: (url: string) => boolean;
  /** Where they are known, what no root brings into the cluster asks for nothing. */
  roots?: Roots | undefined;
}

/**
 * Finds what a commit has Argo CD, Helm and kustomize fetch from other hosts: charts and Git repositories of
 * Applications and ApplicationSets, dependencies of charts in Git, what kustomizations inflate or include by URL,
 * values files by URL, submodules. What only a cluster, a service or the rendering of a chart tells is in `unknown`.
 */
export async function findRemoteSources(request: RemoteSourcesRequest): Promise<RemoteSources> {
  const { content, isThisRepository } = request;
  const { fetchers, unknown } = await findFetchers(request);
  const found: Found = { sources: [], unknown: [...unknown] };
  const folders = new Map<string, Fetcher>();
  for (const fetcher of fetchers) {
    const { source } = fetcher;
    addValuesFiles(found, fetcher);
    if (source.chart !== undefined || source.repoURL.startsWith("oci://")) addChart(found, fetcher);
    else if (!isThisRepository(source.repoURL)) addRepository(found, fetcher);
    else {
      const folder = content.tree.resolve(inside(source.path ?? "..") ?? "..");
      const known = folder === undefined ? undefined : folders.get(folder);
      if (folder !== undefined && (!known || known.guessed)) folders.set(folder, fetcher);
    }
  }
  for (const part of request.roots?.parts ?? []) {
    if (part.kind === "kustomization") folders.set(part.folder, rootFetcher(part));
  }
  await addFolders(found, folders, content);
  await addSubmodules(found, content.tree, isThisRepository);
  return { sources: sorted(found.sources), unknown: found.unknown };
}

/** What building one folder of a commit fetches, whoever asks for it: a base of another repository, say. */
export async function folderRemoteSources(
  folder: string,
  content: Content,
  by: string,
): Promise<RemoteSources> {
  const found: Found = { sources: [], unknown: [] };
  const source: Source = { repoURL: "", path: folder };
  const fetcher = { source, place: { file: folder, line: 1 }, by, guessed: false };
  await addFolders(found, new Map([[folder, fetcher]]), content);
  return { sources: sorted(found.sources), unknown: found.unknown };
}

/** Nobody but us builds the folder of a root. */
function rootFetcher({ folder, place }: { folder: string; place: Place }): Fetcher {
  const source: Source = { repoURL: "", path: folder };
  return {
    source,
    place: { file: place.file, line: place.line ?? 1 },
    by: `the root ${folder}`,
    guessed: false,
  };
}

interface Found {
  sources: RemoteSource[];
  unknown: UnknownSource[];
}

async function addFolders(
  found: Found,
  folders: ReadonlyMap<string, Fetcher>,
  { tree, kustomizations }: Content,
): Promise<void> {
  const read = await kustomizationReader(tree, kustomizations);
  // What is certain first: what two folders share is given once.
  const ordered = [...folders].sort(([, left], [, right]) => Number(left.guessed) - Number(right.guessed));
  for (const [folder, fetcher] of ordered) await addFolder(found, folder, fetcher, { tree, read });
}

/** As Argo CD tells them apart: a chart, else a kustomization, else plain files. */
async function addFolder(
  found: Found,
  folder: string,
  fetcher: Fetcher,
  { tree, read }: { tree: Tree; read: (folder: string) => Promise<KustomizationRemote[]> },
): Promise<void> {
  const asked = { by: fetcher.by, ...(fetcher.guessed ? { optional: true } : {}) };
  if (tree.hasFile(join(folder, "Chart.yaml"))) {
    for (const { place, ...dependency } of await chartDependencies(folder, tree)) {
      const by = `chart ${folder === "" ? "." : folder}`;
      addChartOf(found, dependency, { ...asked, by, place });
    }
    return;
  }
  for (const remote of await read(folder)) {
    const { place } = remote;
    const from = { ...asked, by: `kustomization ${dirname(place.file)}`, place };
    if (remote.kind === "chart") addChartOf(found, remote, from);
    else if (remote.kind === "file") found.sources.push({ kind: "file", url: remote.url, ...from });
    else addGit(found, { ...remote, version: remote.ref, reads: "revision" }, from);
  }
}

type From = { place: FilePlace; by: string; optional?: boolean };

function addChart(found: Found, { source, place, by, guessed }: Fetcher): void {
  const [, parent = "", last = ""] = /^(oci:\/\/.+)\/([^/]+?)\/*$/.exec(source.repoURL) ?? [];
  const whole = source.chart === undefined;
  addChartOf(
    found,
    {
      name: whole ? last : (source.chart ?? ""),
      // Argo CD names an OCI registry without a scheme, Helm with one.
      repository: whole
        ? parent
        : source.repoURL.includes("://")
          ? source.repoURL
          : `oci://${source.repoURL}`,
      version: source.targetRevision,
    },
    { place, by, ...(guessed ? { optional: true } : {}) },
  );
}

function addChartOf(
  found: Found,
  chart: { name: string; repository: string; version: string | undefined },
  from: From,
): void {
  const url = chart.repository.replace(/\/+$/, "");
  const [, scheme] = /^(https?|oci):\/\/[^/]/.exec(url) ?? [];
  if (scheme === undefined || chart.name === "") {
    const why = `chart ${chart.name || "without a name"} of ${url || "no repository"}: no URL says where it is`;
    found.unknown.push({ place: from.place, why });
    return;
  }
  const kind = scheme === "oci" ? "oci" : "helm";
  // For Argo CD an empty version is any, as for Helm.
  found.sources.push({ kind, url, name: chart.name, version: chart.version || undefined, ...from });
}

function addRepository(found: Found, { source, place, by, guessed }: Fetcher): void {
  const { repoURL: url, targetRevision } = source;
  const folder = source.path === undefined ? undefined : inside(source.path);
  const version = targetRevision === "HEAD" ? undefined : targetRevision;
  addGit(
    found,
    { url, version, folder, reads: "everything" },
    { place, by, ...(guessed ? { optional: true } : {}) },
  );
}

function addGit(
  found: Found,
  git: {
    url: string;
    version: string | undefined;
    folder: string | undefined;
    reads: "everything" | "revision";
  },
  from: From,
): void {
  const scheme = parseRepositoryUrl(git.url)?.scheme;
  const url = httpsUrlOf(git.url);
  if (url === undefined || scheme === "ssh" || scheme === "git") {
    const why = `${git.url} is not fetched over https, so it can be neither kept nor answered`;
    found.unknown.push({ place: from.place, why });
    return;
  }
  found.sources.push({
    kind: "git",
    url,
    version: git.version,
    reads: git.reads,
    folder: git.folder,
    ...from,
  });
}

/** Helm reads values from URLs too. */
function addValuesFiles(found: Found, { source, place, by, guessed }: Fetcher): void {
  const files = [...texts(source.helm?.valueFiles)];
  for (const url of files.filter((file) => /^https?:\/\//i.test(file))) {
    found.sources.push({ kind: "file", url, place, by, ...(guessed ? { optional: true } : {}) });
  }
}

/** Argo CD and kustomize check out the submodules of whatever they clone. */
async function addSubmodules(
  found: Found,
  tree: Tree,
  isThisRepository: (url: string) => boolean,
): Promise<void> {
  const file = ".gitmodules";
  const lines = ((await tree.read(file)) ?? "").split("\n");
  lines.forEach((content, index) => {
    const url = text(/^\s*url\s*=\s*(.*?)\s*$/.exec(content)?.[1]);
    const place = { file, line: index + 1 };
    if (url === undefined || isThisRepository(url)) return;
    if (/^\.{0,2}\//.test(url)) {
      found.unknown.push({ place, why: `the submodule ${url} is beside this repository, wherever that is` });
      return;
    }
    addGit(
      found,
      { url, version: undefined, folder: undefined, reads: "everything" },
      { place, by: "a submodule" },
    );
  });
}

/** Each once: what is asked for by several, as the first one says; optional where it is for all of them. */
function sorted(sources: readonly RemoteSource[]): RemoteSource[] {
  const unique = new Map<string, RemoteSource>();
  for (const source of sources) {
    const key = keyOf(source);
    const known = unique.get(key);
    if (!known || (known.optional && !source.optional)) unique.set(key, source);
  }
  return [...unique].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, source]) => source);
}

function keyOf(source: RemoteSource): string {
  if (source.kind === "file") return `file ${source.url}`;
  if (source.kind === "git") {
    return ["git", source.url, source.version ?? "", source.reads, source.folder ?? ""].join(" ");
  }
  return [source.kind, source.url, source.name, source.version ?? ""].join(" ");
}
