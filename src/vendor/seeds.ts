import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, UsageError } from "../runner/errors.ts";
import { type ChartMetadata, readChartArchive } from "./chart-archive.ts";

/** Archives of charts that the user has in folders: given to sources that are declared, by name and version alone. */
export interface Seeds {
  /** The versions of a chart, as the names of the files have them. */
  versionsOf(name: string): readonly string[];
  /** The archive of one version, which its Chart.yaml confirms. Throws UsageError where that says something else. */
  read(name: string, version: string): Promise<Seed | undefined>;
}

export interface Seed extends ChartMetadata {
  file: string;
  archive: Buffer;
}

/** Reads which `name-version.tgz` there are. Throws UsageError where a folder cannot be read. */
export async function openSeeds(folders: readonly string[]): Promise<Seeds> {
  const files: string[] = [];
  for (const folder of folders) files.push(...(await listArchives(folder)));
  const named = (name: string) =>
    files.flatMap((file) => {
      const [, version] = new RegExp(`(?:^|/)${RegExp.escape(name)}-(v?\\d[^/]*)\\.tgz$`).exec(file) ?? [];
      return version === undefined ? [] : [{ file, version }];
    });
  return {
    versionsOf: (name) => [...new Set(named(name).map(({ version }) => version))],
    async read(name, version) {
      const found = named(name).find((one) => withoutV(one.version) === withoutV(version));
      if (!found) return undefined;
      const archive = await readFile(found.file);
      const metadata = await readChartArchive(archive);
      if (metadata?.name === name && metadata.version === found.version)
        return { ...metadata, file: found.file, archive };
      const says = metadata ? `the chart ${metadata.name} ${metadata.version}` : "no chart";
      throw new UsageError(`the seed ${found.file} holds ${says}`, {
        fix: "Name it as helm package does, or take it away.",
      });
    },
  };
}

async function listArchives(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith(".tgz")).map((name) => join(folder, name));
  } catch (error) {
    throw new UsageError(`the folder of seeds ${folder} cannot be read: ${messageOf(error)}`, {
      fix: "Name a folder of archives like name-version.tgz.",
      cause: error,
    });
  }
}

function withoutV(version: string): string {
  return version.replace(/^v/, "");
}
