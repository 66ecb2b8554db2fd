import type { ChartSource } from "../repository/remote-source.ts";
import { type Digest, digestOf } from "./digest.ts";
import { type ChartVersion, chartKey, chartVersions } from "./entry-kinds.ts";
import { readIndex } from "./helm-index.ts";
import { type Lock, lockedDigest } from "./lock.ts";
import type { Seed, Seeds } from "./seeds.ts";
import { repositoryKey } from "./source-url.ts";
import type { Vendor } from "./vendor.ts";
import { absentHere, type Outcome, problemOf } from "./vendored.ts";
import { isRange, resolveVersion } from "./version-range.ts";

export interface GetChart {
  vendor: Vendor;
  lock: Lock;
  seeds: Seeds;
}

/** Has the cache hold a chart of a Helm repository: from there, else from a seed, else from upstream. */
export async function getHelmChart(source: ChartSource, { vendor, lock, seeds }: GetChart): Promise<Outcome> {
  const { store } = vendor;
  const { name, version } = source;
  const repository = repositoryKey(source.url);
  const entries = store.entries(chartVersions, repository);
  const wanted = `${name} ${version ?? "in any version"} of ${repository}`;
  const lockedAt = (exact: string) =>
    lockedDigest(lock, { kind: "helm", source: repository, name, version: exact });
  const done = (exact: string, digest: Digest, from: "cache" | "seed" | "upstream"): Outcome => {
    return { entry: { kind: "helm", source: repository, name, version: exact, digest }, from };
  };

  async function cached(exact: string): Promise<ChartVersion | undefined> {
    const entry = await entries.read(chartKey(name, exact));
    return entry && (await store.readBlob(entry.digest)) ? entry : undefined;
  }

  async function fromCache(exact: string): Promise<Outcome | undefined> {
    for (const spelled of spellingsOf(exact)) {
      const entry = await cached(spelled);
      const locked = lockedAt(spelled);
      if (entry && (locked === undefined || locked === entry.digest))
        return done(spelled, entry.digest, "cache");
    }
    return undefined;
  }

  async function fromSeed(exact: string): Promise<Outcome | undefined> {
    const seed = await seeds.read(name, exact);
    if (!seed) return undefined;
    const locked = lockedAt(seed.version);
    const digest = digestOf(seed.archive);
    if (locked !== undefined && locked !== digest)
      return changedSeed(`${name} ${seed.version} of ${repository}`, locked, digest, seed);
    await store.keepBlob(seed.archive);
    const { version: own, facts } = seed;
    await entries.keep({
      repository,
      name,
      version: own,
      digest,
      url: `${repository}/${name}-${own}.tgz`,
      facts,
    });
    return done(own, digest, "seed");
  }

  /** Of what is here, where upstream cannot say what there is. */
  async function fromHere(): Promise<Outcome | undefined> {
    const kept = (await entries.list()).filter((entry) => entry.name === name).map((entry) => entry.version);
    const best = resolveVersion(version, [...kept, ...seeds.versionsOf(name)]);
    return best === undefined ? undefined : ((await fromCache(best)) ?? fromSeed(best));
  }

  async function fromUpstream(): Promise<Outcome> {
    const url = new URL(`${repository}/index.yaml`);
    const answer = await vendor.answer({ method: "GET", url, headers: {} });
    if (answer?.status !== 200)
      return (
        (await fromHere()) ?? {
          problem: problemOf(
            answer ?? vendor.refuse({ method: "GET", url, headers: {} }),
            wanted,
            vendor.forbidden,
          ),
        }
      );
    const complete = !vendor.evidence().incomplete.includes(repository);
    const index = readIndex(answer.body.toString("utf8"), repository);
    const versions = index?.versionsOf(name) ?? [];
    const best = resolveVersion(
      version,
      versions.map((one) => one.version),
    );
    const chart = versions.find((one) => one.version === best);
    const [archive] = chart?.urls ?? [];
    if (!chart || !archive || !complete) {
      const here = complete ? undefined : await fromHere();
      return (
        here ?? {
          problem: notThere(
            complete,
            versions.map((one) => one.version),
          ),
        }
      );
    }
    const before = await cached(chart.version);
    const given = await vendor.answer({ method: "GET", url: archive, headers: {} });
    const what = `${name} ${chart.version} of ${repository}`;
    if (given?.status !== 200) {
      return {
        problem: given
          ? problemOf(given, what, vendor.forbidden)
          : { kind: "missing", message: `${what} is nowhere to be had` },
      };
    }
    const digest = digestOf(given.body);
    return done(chart.version, digest, before?.digest === digest ? "cache" : "upstream");
  }

  function notThere(complete: boolean, versions: readonly string[]) {
    if (!complete) return absentHere(wanted, vendor.forbidden);
    const others =
      versions.length === 0 ? "it has no such chart" : `it has ${versions.slice(0, 3).join(", ")}…`;
    return { kind: "missing" as const, message: `${wanted} does not exist: ${others}` };
  }

  if (version === undefined || isRange(version)) return fromUpstream();
  return (await fromCache(version)) ?? (await fromSeed(version)) ?? fromUpstream();
}

/** A seed that is not what the lock says. */
export function changedSeed(what: string, locked: Digest, digest: Digest, seed: Seed): Outcome {
  const message = `the digest of ${what} has changed: the lock has ${locked}, the seed ${seed.file} has ${digest}`;
  return { problem: { kind: "changed", message } };
}

/** Helm finds `v1.2.3` for `1.2.3`, and the other way about. */
function spellingsOf(version: string): string[] {
  return [version, version.startsWith("v") ? version.slice(1) : `v${version}`];
}
