import { Parser } from "tar";
import { parse } from "yaml";
import { isMapping, text } from "../repository/untyped.ts";

/** What a chart says of itself. */
export interface ChartMetadata {
  name: string;
  version: string;
  /** The rest of Chart.yaml. */
  facts: Record<string, unknown>;
}

/** Reads Chart.yaml of a packaged chart; undefined where the archive is none, or damaged. */
export async function readChartArchive(archive: Buffer): Promise<ChartMetadata | undefined> {
  const chunks: Buffer[] = [];
  const readable = await new Promise<boolean>((resolve) => {
    const parser = new Parser({
      strict: true,
      onReadEntry(entry) {
        if (/^(?:\.\/)?[^/]+\/Chart\.yaml$/.test(entry.path))
          entry.on("data", (chunk: Buffer) => chunks.push(chunk));
        entry.resume();
      },
    });
    parser.on("error", () => resolve(false));
    parser.on("end", () => resolve(true));
    parser.end(archive);
  });
  return readable ? readMetadata(Buffer.concat(chunks).toString("utf8")) : undefined;
}

function readMetadata(source: string): ChartMetadata | undefined {
  const chart = parseText(source);
  if (!isMapping(chart)) return undefined;
  const { name, version, ...facts } = chart;
  const [own, number] = [text(name), text(version)];
  return own === undefined || number === undefined ? undefined : { name: own, version: number, facts };
}

function parseText(source: string): unknown {
  try {
    return parse(source);
  } catch {
    return undefined;
  }
}
