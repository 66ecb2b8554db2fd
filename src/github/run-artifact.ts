import { unzipSync } from "fflate";
import { InfrastructureError, messageOf, UsageError } from "../runner/errors.ts";
import { hasStatus, type Task } from "./api-error.ts";
import type { GitHubClient } from "./client.ts";
import type { RepositoryName } from "./context.ts";
import { named } from "./pull-requests.ts";

export interface ArtifactQuery {
  repository: RepositoryName;
  runId: number;
  /** Name of the artifact. */
  artifact: string;
  /** Name of the one file that is read, exactly as in the archive. */
  file: string;
  /** The most that the file may have, unpacked. */
  maxBytes: number;
  /** ISO 8601. What was made before is an earlier attempt's, and does not count. */
  notBefore?: string | undefined;
  /** The most that the archive may have. Default: 64 MiB. */
  maxArchiveBytes?: number;
}

interface Artifact {
  id: number;
  name: string;
  size_in_bytes: number;
  expired: boolean;
  created_at: string | null;
}

const attempts = 3;

/**
 * The text of one file of a run's newest artifact of that name; undefined where there is no such artifact (any
 * more). The archive is data of whoever opened the pull request: it stays in memory, no other file of it is
 * unpacked, and no path in it is used. Throws a UsageError where it is too large, malformed, or lacks the file; an
 * InfrastructureError where it cannot be fetched.
 */
export async function readRunArtifact(
  client: GitHubClient,
  query: ArtifactQuery,
): Promise<string | undefined> {
  const found = await newestArtifact(client, query);
  if (found === undefined) return undefined;
  const limit = query.maxArchiveBytes ?? 64 * 1024 * 1024;
  if (found.size_in_bytes > limit)
    throw refuse(query, `has ${found.size_in_bytes} bytes, more than ${limit}`);
  const archive = await download(client, query, found, limit);
  return archive === undefined ? undefined : unpack(query, archive);
}

async function newestArtifact(client: GitHubClient, query: ArtifactQuery): Promise<Artifact | undefined> {
  const { repository, runId, artifact, notBefore } = query;
  const listed: Artifact[] = await client.ask(reading(query), (octokit) =>
    octokit.paginate(octokit.rest.actions.listWorkflowRunArtifacts, {
      ...named(repository),
      run_id: runId,
      name: artifact,
      per_page: 100,
    }),
  );
  const earliest = notBefore === undefined ? 0 : Date.parse(notBefore);
  return listed
    .filter(({ name, expired }) => name === artifact && !expired)
    .filter((one) => madeAt(one) >= earliest)
    .sort((a, b) => madeAt(b) - madeAt(a) || b.id - a.id)[0];
}

function madeAt({ created_at }: Artifact): number {
  return created_at === null ? 0 : Date.parse(created_at);
}

/** GitHub redirects to a storage whose address holds for a minute and is a credential itself: each try asks anew. */
async function download(
  client: GitHubClient,
  query: ArtifactQuery,
  { id }: Artifact,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      const address = await addressOf(client, query, id);
      if (address === undefined) return undefined;
      const archive = await client.download(address, limit);
      if (archive === undefined) throw refuse(query, `has more than ${limit} bytes`);
      return archive;
    } catch (error) {
      if (!(error instanceof InfrastructureError) || attempt === attempts) throw error;
      client.log.info(`${messageOf(error)}; trying again.`);
      await client.pause(attempt);
    }
  }
}

async function addressOf(client: GitHubClient, query: ArtifactQuery, id: number): Promise<URL | undefined> {
  try {
    const { headers } = await client.ask(reading(query), (octokit) =>
      octokit.rest.actions.downloadArtifact({
        ...named(query.repository),
        artifact_id: id,
        archive_format: "zip",
        request: { redirect: "manual" },
      }),
    );
    const address = URL.parse(headers.location ?? "");
    if (address === null) throw new InfrastructureError(`GitHub gave no address for ${nameOf(query)}.`);
    return address;
  } catch (error) {
    if (hasStatus(error, 404, 410)) return undefined;
    throw error;
  }
}

/** What the archive says of itself may be a lie: both sizes are bounded, and so is the buffer by the latter. */
function unpack(query: ArtifactQuery, archive: Uint8Array): string {
  const { file, maxBytes } = query;
  let seen = false;
  let problem: string | undefined;
  const files = readable(query, () =>
    unzipSync(archive, {
      filter({ name, size, originalSize }) {
        if (name !== file || seen) return false;
        seen = true;
        // Deflate never makes data much longer; more than that would be unpacked beyond the size it states.
        const believable = size <= originalSize + originalSize / 1_000 + 64;
        if (originalSize > maxBytes) problem = `has ${originalSize} bytes in ${file}, more than ${maxBytes}`;
        else if (!believable) problem = `states a wrong size for ${file}`;
        return problem === undefined;
      },
    }),
  );
  if (problem !== undefined) throw refuse(query, problem);
  const content = files[file];
  if (content === undefined) throw refuse(query, `has no ${file}`);
  return readable(query, () => new TextDecoder("utf-8", { fatal: true }).decode(content));
}

function readable<T>(query: ArtifactQuery, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refuse(query, `is malformed: ${messageOf(error)}`);
  }
}

function refuse(query: ArtifactQuery, why: string): UsageError {
  return new UsageError(`${nameOf(query)} ${why}.`, {
    fix: "Upload the report folder of the rehearsal as it is, as an artifact of its own.",
  });
}

function nameOf({ artifact, runId }: ArtifactQuery): string {
  return `The artifact ${artifact} of run ${runId}`;
}

function reading(query: ArtifactQuery): Task {
  return { to: `read the artifact ${query.artifact} of run ${query.runId}`, permission: "actions: read" };
}
