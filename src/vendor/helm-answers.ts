import { type Answerer, answerWith, type VendorAnswer, type VendorRequest } from "./answer.ts";
import { asItCame, failureOf, passOn, type VendorContext } from "./context.ts";
import { chartKey, chartVersions } from "./entry-kinds.ts";
import { type HelmIndex, type IndexedChart, readIndex, writeIndex } from "./helm-index.ts";
import { lockedDigest } from "./lock.ts";
import { readThrough } from "./read-through.ts";
import { absent, refuse } from "./refusal.ts";
import { repositoryKey } from "./source-url.ts";

/** An index that was given to a client, and whether upstream was it that gave it. */
interface Given {
  text: string;
  index: HelmIndex;
  complete: boolean;
}

/** A chart that a request is for. */
interface Wanted {
  repository: string;
  chart: IndexedChart;
  /** For people. */
  what: string;
}

const indexType = "application/yaml";
const archiveType = "application/gzip";

/**
 * Answers for Helm repositories: `index.yaml`, and the archives that an index named, wherever they are. The
 * index is upstream's of this run where it can be had, for only that one tells which versions there are.
 */
export function createHelmAnswers(context: VendorContext): Answerer {
  const { store, lock, outside, evidence, hosts, forbidden } = context;
  const given = new Map<string, Given>();
  const underWay = new Map<string, Promise<VendorAnswer>>();

  async function answerIndex(request: VendorRequest, repository: string): Promise<VendorAnswer> {
    const known = given.get(repository);
    if (known?.complete) return answerWith(known.text, indexType);
    if (forbidden !== undefined)
      return (await fromCache(repository)) ?? refuse(absent(request.url, forbidden), evidence);
    const asked = await outside.ask({
      ...request,
      method: "GET",
      authorization: request.headers.authorization,
    });
    const failure = failureOf(context, request.url, asked);
    if (failure !== undefined || "unreachable" in asked)
      return (await fromCache(repository, failure)) ?? passOn(context, request.url, asked);
    if (asked.status !== 200) return passOn(context, request.url, asked);
    const text = asked.body.toString("utf8");
    const index = readIndex(text, repository);
    if (!index) return asItCame(asked);
    give(repository, { text, index, complete: true });
    evidence.served(`index of ${repository}`, "upstream");
    return answerWith(text, indexType);
  }

  function give(repository: string, what: Given): void {
    given.set(repository, what);
    for (const origin of what.index.archiveOrigins()) hosts.learn(origin);
    if (what.complete) evidence.complete(repository);
    else evidence.incomplete(repository);
  }

  /** An index of what the store has; undefined where that is nothing. */
  async function fromCache(repository: string, why?: string): Promise<VendorAnswer | undefined> {
    const versions = await store.entries(chartVersions, repository).list();
    const here = await Promise.all(versions.map(({ digest }) => store.hasBlob(digest)));
    const text = writeIndex(versions.filter((_, index) => here[index]));
    const index = readIndex(text, repository);
    if (!index || !here.includes(true)) return undefined;
    give(repository, { text, index, complete: false });
    evidence.served(`index of ${repository}`, "cache", why);
    return answerWith(text, indexType);
  }

  async function answerArchive(request: VendorRequest): Promise<VendorAnswer | undefined> {
    const { url } = request;
    const all = [...given].flatMap(([repository, { index }]) =>
      index.at(url).map((chart): Wanted => {
        return { repository, chart, what: `${chart.name} ${chart.version} of ${repository}` };
      }),
    );
    const [first] = all;
    if (!first) return undefined;
    const { repository, chart, what } = first;
    const kept = await store.entries(chartVersions, repository).read(chartKey(chart.name, chart.version));
    return readThrough(context, {
      ...{ what, request },
      locked: lockedDigest(lock, { kind: "helm", source: repository, ...chart }),
      kept: kept && {
        digest: kept.digest,
        async answer() {
          const bytes = await store.readBlob(kept.digest);
          return bytes && answerWith(bytes, archiveType);
        },
      },
      // Without a digest in the index, that the version is still listed has to do.
      current: chart.digest === undefined || chart.digest === kept?.digest,
      fixed: true,
      async keep({ body }) {
        const digest = await store.keepBlob(body);
        for (const { repository, chart } of all) {
          const { name, version, facts } = chart;
          const entry = { repository, name, version, digest, url: url.href, facts };
          await store.entries(chartVersions, repository).keep(entry);
        }
        return answerWith(body, archiveType);
      },
    });
  }

  /** What several clients ask for at once is fetched once. */
  function once(key: string, work: () => Promise<VendorAnswer>): Promise<VendorAnswer> {
    const running = underWay.get(key) ?? work().finally(() => underWay.delete(key));
    underWay.set(key, running);
    return running;
  }

  return async (request) => {
    const { url } = request;
    if (!/\/index\.yaml$/.test(url.pathname)) return answerArchive(request);
    const repository = repositoryKey(url.href.replace(/\/index\.yaml(?:[?#].*)?$/, ""));
    return once(repository, () => answerIndex(request, repository));
  };
}
