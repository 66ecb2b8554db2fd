import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { unpackToolchain } from "./archive-format.ts";
import type { ToolchainContext } from "./context.ts";
import { requireSpace } from "./disk.ts";
import { downloadFile, type Fetched, fetchText, showUrl } from "./download.ts";
import { readManifest } from "./manifest.ts";
import type { Produced, Workplace } from "./producer.ts";
import { formatBytes } from "./wording.ts";

/** Bytes: the archive, and what is in it. */
export const archiveSpace = 1e9;

/**
 * Downloads the release archive that the configuration names, if any, into `staging`. Passes where there is
 * none for this toolchain and platform, or the server is out of reach. Throws UsageError for an address or
 * checksum that is none, InfrastructureError where the bytes are not those that the checksum promises.
 */
export async function fromArchive(context: ToolchainContext, workplace: Workplace): Promise<Produced> {
  if (context.options.archive === undefined) return { passed: "" };
  const url = archiveUrl(context.options.archive, context);
  const pass = async (why: string): Promise<Produced> => {
    context.log.warn(`No release archive: ${why}. The toolchain is built from source instead.`);
    await rm(workplace.staging, { recursive: true, force: true });
    await mkdir(workplace.staging);
    return { passed: why };
  };

  const expected = await expectedSum(context, url, workplace.signal);
  if (!("got" in expected)) return pass(reasonOf(expected));
  await requireSpace("downloading the toolchain", [
    { folder: workplace.staging, bytes: archiveSpace, what: "the archive and its programs" },
  ]);
  const folder = join(workplace.staging, "download");
  const file = join(folder, basename(url.pathname) || "archive");
  await mkdir(folder);
  const step = context.log.step(`Downloading the toolchain from ${url.host}`);
  const report = (detail: string) => {
    step.update(detail);
    workplace.announce(`downloading: ${detail}`);
  };
  try {
    const fetched = await downloadFile(url, file, report, { signal: workplace.signal });
    if (!("got" in fetched)) {
      step.failed();
      return await pass(reasonOf(fetched));
    }
    const { sha256, bytes } = fetched.got;
    if (sha256 !== expected.got) throw mismatch(url, expected.got, sha256);
    report(`unpacking ${formatBytes(bytes)}`);
    await unpackToolchain(file, workplace.staging, workplace.signal);
    step.done(formatBytes(bytes));
  } catch (error) {
    step.failed();
    throw error;
  }
  await rm(folder, { recursive: true });
  const unfit = await unfitness(context, workplace.staging);
  return unfit === undefined
    ? { origin: `from ${basename(url.pathname)}` }
    : pass(`${showUrl(url)} ${unfit}`);
}

/** The address for this toolchain. Throws UsageError where the template gives none. */
export function archiveUrl(
  template: string,
  { key, platform }: Pick<ToolchainContext, "key" | "platform">,
): URL {
  const values: Record<string, string> = { key, ...platform };
  const text = template.replace(/\{(\w*)\}/g, (whole, name: string) => values[name] ?? whole);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol) || /\{\w*\}/.test(text)) {
    throw new UsageError(`"${template}" is not the address of a toolchain archive`, {
      fix: "Write an http or https URL; {key}, {os} and {arch} stand for the toolchain wanted.",
    });
  }
  return url;
}

/** The checksum that the archive must have, from the configuration or from beside it. */
export async function expectedSum(
  { options }: Pick<ToolchainContext, "options">,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<Fetched<string>> {
  if (options.archiveSha256 !== undefined) {
    const sum = options.archiveSha256.toLowerCase();
    if (/^[0-9a-f]{64}$/.test(sum)) return { got: sum };
    throw new UsageError(`"${options.archiveSha256}" is not a SHA-256 checksum`, {
      fix: "It has 64 hexadecimal digits, as `sha256sum` prints them.",
    });
  }
  const beside = new URL(url);
  beside.pathname += ".sha256";
  const text = await fetchText(beside, { signal });
  if (!("got" in text)) return text;
  const sum = /^([0-9a-fA-F]{64})\b/.exec(text.got.trim())?.[1];
  if (sum !== undefined) return { got: sum.toLowerCase() };
  throw new InfrastructureError(`${showUrl(beside)} holds no SHA-256 checksum`);
}

function mismatch(url: URL, expected: string, found: string): InfrastructureError {
  return new InfrastructureError(
    `the checksum of ${showUrl(url)} is ${found}, and ${expected} was expected: nothing of it was used`,
    { fix: "If the archive was released anew, state its new checksum; otherwise find out who changed it." },
  );
}

function reasonOf(fetched: { absent: string } | { unreachable: string }): string {
  return "absent" in fetched ? fetched.absent : fetched.unreachable;
}

/** Why an unpacked archive, genuine as it is, does not serve here. */
async function unfitness({ key, platform }: ToolchainContext, folder: string): Promise<string | undefined> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) return "has no readable manifest.json";
  if (manifest.key !== key) return `holds toolchain ${manifest.key} and not ${key}`;
  const { os, arch } = manifest.platform;
  if (os !== platform.os || arch !== platform.arch) {
    return `is for ${os}/${arch} and this is ${platform.os}/${platform.arch}`;
  }
  return undefined;
}
