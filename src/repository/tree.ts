import { randomUUID } from "node:crypto";
import { dirname, join, normalize } from "node:path/posix";
import { type Git, gitAt } from "./git.ts";

/** One entry of a commit. Submodules are not listed: their content is another repository's. */
export interface TreeFile {
  /** From the top of the repository, with `/`. */
  path: string;
  /** The blob's id. */
  id: string;
  bytes: number;
  kind: "file" | "symlink";
}

/** The files of one commit, wherever the working copy stands. Folders are written without a trailing `/`; "" is the top. */
export interface Tree {
  readonly commit: string;
  /** In Git's order. */
  readonly files: readonly TreeFile[];
  hasFile(path: string): boolean;
  hasFolder(path: string): boolean;
  /** Files below a folder, at any depth. Links to files are listed, links to folders not followed, as Argo CD does. */
  below(folder: string): readonly TreeFile[];
  /** The path that a path leads to once symbolic links are followed; undefined where nothing is, or outside. */
  resolve(path: string): string | undefined;
  /** The text of a file, links followed; undefined where there is none. */
  read(path: string): Promise<string | undefined>;
  /**
   * Path and text of many files, in one process as far as memory allows. What is not there, or larger than
   * `maxBytes`, is left out.
   */
  readAll(paths: Iterable<string>, options?: { maxBytes?: number }): AsyncIterable<readonly [string, string]>;
}

/** Files above this size are no manifests. The largest bundles of definitions have 5 MB. */
const defaultMaxBytes = 8 * 1024 * 1024;
/** Texts held at once by one `git cat-file`. */
const batchBytes = 64 * 1024 * 1024;
const maxLinks = 40;

/**
 * Lists a commit of the Git directory `gitDir` (absolute: a bare repository, or a checkout's `.git`).
 * Throws CommandError where Git does not know the commit.
 */
export async function openTree(gitDir: string, commit: string): Promise<Tree> {
  const git = gitAt(gitDir);
  const listing = await git.run(["ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--"]);
  const files = listing.split("\0").flatMap(parseEntry);
  const links = files.filter((file) => file.kind === "symlink");
  const targets = await readBlobs(
    git,
    links.map((link) => link.id),
  );
  return new CommitTree(git, commit, files, linkTargets(links, targets));
}

class CommitTree implements Tree {
  readonly commit: string;
  readonly files: readonly TreeFile[];
  readonly #git: Git;
  readonly #byPath: ReadonlyMap<string, TreeFile>;
  readonly #folders: ReadonlySet<string>;
  readonly #links: ReadonlyMap<string, string>;

  constructor(git: Git, commit: string, files: readonly TreeFile[], links: ReadonlyMap<string, string>) {
    this.#git = git;
    this.commit = commit;
    this.files = files;
    this.#byPath = new Map(files.map((file) => [file.path, file]));
    this.#folders = foldersOf(files);
    this.#links = links;
  }

  hasFile(path: string): boolean {
    const resolved = this.resolve(path);
    return resolved !== undefined && this.#byPath.has(resolved);
  }

  hasFolder(path: string): boolean {
    const resolved = this.resolve(path);
    return resolved !== undefined && this.#folders.has(resolved);
  }

  below(folder: string): readonly TreeFile[] {
    const resolved = this.resolve(folder);
    if (resolved === undefined) return [];
    if (resolved === "") return this.files;
    return this.files.filter((file) => file.path.startsWith(`${resolved}/`));
  }

  resolve(path: string): string | undefined {
    return this.#follow(path, maxLinks);
  }

  async read(path: string): Promise<string | undefined> {
    for await (const [, text] of this.readAll([path], { maxBytes: Number.POSITIVE_INFINITY })) return text;
    return undefined;
  }

  async *readAll(
    paths: Iterable<string>,
    options: { maxBytes?: number } = {},
  ): AsyncGenerator<readonly [string, string]> {
    const maxBytes = options.maxBytes ?? defaultMaxBytes;
    const wanted = [...new Set(paths)].flatMap((path) => {
      const file = this.#byPath.get(this.resolve(path) ?? "");
      return file && file.bytes <= maxBytes ? [{ path, file }] : [];
    });
    for (const batch of inBatches(wanted)) {
      const blobs = await readBlobs(
        this.#git,
        batch.map(({ file }) => file.id),
      );
      for (const { path, file } of batch) yield [path, blobs.get(file.id) ?? ""];
    }
  }

  #follow(path: string, linksLeft: number): string | undefined {
    const clean = inside(path);
    if (clean === undefined || linksLeft === 0) return undefined;
    const parts = clean.split("/");
    for (let count = 1; count <= parts.length; count++) {
      const prefix = parts.slice(0, count).join("/");
      const target = this.#links.get(prefix);
      if (target === undefined) continue;
      if (target.startsWith("/")) return undefined;
      return this.#follow(join(dirname(prefix), target, ...parts.slice(count)), linksLeft - 1);
    }
    return this.#byPath.has(clean) || this.#folders.has(clean) ? clean : undefined;
  }
}

/** A path from the top in its shortest form; undefined where it leads outside. */
export function inside(path: string): string | undefined {
  const clean = normalize(path).replace(/\/+$/, "");
  if (clean === "." || clean === "") return "";
  return clean === ".." || clean.startsWith("../") || clean.startsWith("/") ? undefined : clean;
}

function parseEntry(entry: string): TreeFile[] {
  const match = /^(\d+) blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(entry);
  if (!match) return [];
  const [, mode, id = "", bytes, path = ""] = match;
  return [{ path, id, bytes: Number(bytes), kind: mode === "120000" ? "symlink" : "file" }];
}

function linkTargets(
  links: readonly TreeFile[],
  texts: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map(links.map((link) => [link.path, texts.get(link.id) ?? "/"]));
}

function foldersOf(files: readonly TreeFile[]): ReadonlySet<string> {
  const folders = new Set<string>([""]);
  for (const file of files) {
    for (let folder = dirname(file.path); folder !== "." && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
    }
  }
  return folders;
}

function* inBatches<T extends { file: TreeFile }>(wanted: readonly T[]): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of wanted) {
    if (batch.length > 0 && bytes + item.file.bytes > batchBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.file.bytes;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Reads blobs by id. Git announces their size in bytes, which says nothing about a decoded text; so each
 * is followed by a question for an object that cannot exist, whose answer is the separator.
 */
async function readBlobs(git: Git, ids: readonly string[]): Promise<Map<string, string>> {
  const unique = [...new Set(ids)];
  if (unique.length === 0) return new Map();
  const separator = randomUUID();
  const output = await git.run(["cat-file", "--batch"], {
    input: unique.map((id) => `${id}\n${separator}\n`).join(""),
  });
  const answers = output.split(`\n${separator} missing\n`);
  const blobs = new Map<string, string>();
  unique.forEach((id, index) => {
    const answer = answers[index] ?? "";
    const headerEnd = answer.indexOf("\n");
    if (headerEnd !== -1) blobs.set(id, answer.slice(headerEnd + 1));
  });
  return blobs;
}
