import { hostRefusal, refusalPattern } from "./host-guard/refusal.ts";
import type { Finality, Reason } from "./reason.ts";

type Classified = Pick<Reason, "code" | "class"> & { finality: Finality };

interface Rule {
  pattern: RegExp;
  result: Classified;
}

const change = (code: Reason["code"], finality: Finality): Classified => ({
  code,
  class: "change",
  finality,
});

const transportLasts: Finality = { when: "lasting", ms: 40_000 };
const infrastructure = (code: Reason["code"], finality: Finality): Classified => ({
  code,
  class: "infrastructure",
  finality,
});

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), "i");
}

/** A bare number says nothing: YAML has lines 429 and 503, and Services such ports. */
function httpStatus(numbers: string, words: string): RegExp {
  const named = `\\b(?:status(?: code)?|https?(?:/[\\d.]+)?(?: code)?|returned error|response(?: status)?(?: code)?|code)[:=,]? ?`;
  return new RegExp(`${named}(?:${numbers})\\b|\\b(?:${numbers}):? (?:${words})`);
}

/** What lies in Git cannot be read, whatever words it quotes: a truncated file ends in "unexpected EOF" too. */
const content =
  /failed to unmarshal|error converting YAML|\byaml: |parse error at|execution error at|failed to evaluate jsonnet|invalid character '/i;

/** Errors of the way to a source or to the API, which pass by themselves. */
const transport = anyOf(
  // https://pkg.go.dev/net and net/http
  /connection (?:refused|reset|timed out)|operation timed out|broken pipe|no route to host|network is unreachable/,
  /no such host|server misbehaving|i\/o timeout|TLS handshake timeout|Client\.Timeout|request canceled|proxyconnect/,
  /deadline exceeded|context canceled|http2: |stream error: |": (?:unexpected )?EOF|(?:^|: )(?:unexpected )?EOF$/,
  // git and curl
  /could not resolve (?:host|proxy)|temporary failure in name resolution|failed to connect to|couldn't connect to server/,
  /early EOF|unexpected disconnect|empty reply from server|remote end hung up|RPC failed/,
  // the mirror, of a host that is not its own; Helm says without a port that any index cannot be reached
  /:\d+ cannot be reached/,
  // gRPC
  /code = (?:unavailable|deadlineexceeded)|error while dialing|transport is closing/,
  // HTTP
  httpStatus(
    "408|429|5\\d\\d",
    "request time-?out|too many requests|internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out",
  ),
  /too many requests|rate limit|": (?:bad gateway|service unavailable|gateway timeout)/,
  // Kubernetes
  /currently unable to handle the request|unable to return a response in the time allotted|etcdserver: /,
  // Argo CD, of a tool that took longer than ARGOCD_EXEC_TIMEOUT
  /failed (?:fatal )?timeout after/,
);

/** What this machine lacks. A tool that is killed has run out of memory. */
const machine =
  /no space left on device|disk quota exceeded|read-only file system|too many open files|cannot allocate memory|failed signal: killed|fork\/exec |executable file not found/i;

/** Refused for want of credentials or trust, which the repository's own Argo CD has and this one has not. */
const refused = anyOf(
  httpStatus("401|403|407", "unauthorized|forbidden|proxy authentication required"),
  /authentication (?:required|failed)|authorization failed|could not read (?:username|password)|": forbidden/,
  /permission denied \(|ssh: |host key verification failed|unauthorized: |access to the resource is denied/,
  /x509: |SSL certificate problem|certificate verification failed/,
  /egress is restricted/, // the mirror
);

/** What the guard of the host refuses, the base may waive. */
function unwaived(finality: Finality): Rule {
  return {
    pattern: refusalPattern,
    result: { code: "forbidden", class: "configuration", finality },
  };
}

/** What the mirror says of other hosts (src/vendor/refusal.ts); of registries, some clients show the status alone. */
const vendorRules: readonly Rule[] = [
  {
    pattern: / is not in the cache, and (?!egress)|status code 424\b|returned error: 424\b/,
    result: infrastructure("not-cached", { when: "repeated" }),
  },
  {
    pattern: /the (?:digest|commit) of .* has changed: the lock has /,
    result: change("digest", { when: "repeated" }),
  },
  {
    pattern: /the (?:digest|commit) of .* has changed: the cache has /,
    result: { code: "digest", class: "configuration", finality: { when: "repeated" } },
  },
];

/** What an error of generating or comparing manifests means. In order: the first that matches decides. */
const comparisonRules: readonly Rule[] = [
  unwaived({ when: "repeated" }),
  ...vendorRules,
  {
    pattern: /could not find (?:cmp-server )?plugin|CMP processing failed|cmp-server/i,
    result: infrastructure("unsupported", { when: "repeated" }),
  },
  {
    pattern: /conversion webhook for .* failed/i,
    result: infrastructure("unsupported", transportLasts),
  },
  {
    pattern: /(?:is|are) not permitted in project|not allowed (?:in|to use) project/i,
    result: change("forbidden", { when: "repeated" }),
  },
  {
    pattern: /application references? project .* does not exist|AppProject\S* .* not found/i,
    result: change("missing-project", { when: "quiet" }),
  },
  { pattern: content, result: change("manifests", { when: "repeated" }) },
  { pattern: machine, result: infrastructure("machine", { when: "lasting", ms: 10_000 }) },
  { pattern: transport, result: infrastructure("transport", transportLasts) },
  {
    pattern: refused,
    result: { code: "source", class: "configuration", finality: { when: "repeated" } },
  },
  {
    pattern: /no matches for kind|could not find the requested resource|resource mapping not found/i,
    result: change("missing-kind", { when: "quiet" }),
  },
  { pattern: /namespaces? "[^"]*" not found/i, result: change("missing-namespace", { when: "quiet" }) },
  // A comparison by a dry run on the server, as with the sync option ServerSideApply.
  {
    pattern: /apply in dryrun mode.*(?:is invalid|is immutable|are forbidden|denied the request)/i,
    result: change("rejected", { when: "repeated" }),
  },
];

/** What the failed sync of an object or of a whole Application means. */
const syncRules: readonly Rule[] = [
  unwaived({ when: "now" }),
  {
    pattern: /is not permitted in project|cluster level .* can not be managed/i,
    result: change("forbidden", { when: "now" }),
  },
  {
    pattern:
      /is immutable|updates to .* are forbidden|is invalid:|may not be changed|may not change once set/i,
    result: change("rejected", { when: "now" }),
  },
  {
    pattern:
      /exceeded quota|denied the request|denied request|forbidden: ValidatingAdmissionPolicy|strict decoding error|cannot be handled as|error validating data/i,
    result: change("rejected", { when: "retried", times: 2 }),
  },
  {
    pattern:
      /no matches for kind|could not find the requested resource|The Kubernetes API could not find|resource mapping not found|ensure CRDs are installed/i,
    result: change("missing-kind", { when: "quiet" }),
  },
  { pattern: /namespaces? "[^"]*" not found/i, result: change("missing-namespace", { when: "quiet" }) },
  // Its backend belongs to an Application as well.
  {
    pattern: /failed calling webhook|no endpoints available for service/i,
    result: change("sync", { when: "quiet" }),
  },
  { pattern: machine, result: infrastructure("machine", { when: "lasting", ms: 10_000 }) },
  { pattern: transport, result: infrastructure("transport", transportLasts) },
];

export function classifyComparison(message: string): Classified {
  return match(comparisonRules, withoutVersions(message)) ?? change("manifests", { when: "repeated" });
}

/** Undefined where the message says nothing about whether it may heal. */
export function classifySync(message: string): Classified | undefined {
  return match(syncRules, message);
}

function match(rules: readonly Rule[], message: string): Classified | undefined {
  return rules.find((rule) => rule.pattern.test(message))?.result;
}

/** Without the kinds of the cluster, which Argo CD names to Helm and kustomize one by one. */
function withoutVersions(message: string): string {
  return message.replace(/ --(?:helm-)?(?:api-versions|kube-version) [^\s`]+/g, "");
}

/** One line, without the wrapping that Argo CD and gRPC put around what a tool said. */
export function cleanMessage(message: string): string {
  const refusal = hostRefusal(message);
  if (refusal !== undefined) return refusal;
  return withoutVersions(message)
    .replace(/^Failed to load target state: /, "")
    .replace(/failed to generate manifest for source \d+ of \d+: /, "")
    .replace(/rpc error: code = \w+ desc = /g, "")
    .replace(/Manifest generation error \(cached\): /, "")
    .replace(
      /(?:error fetching chart: )?failed to fetch chart: failed running helm: `(.*?)` failed exit status \d+: Error: /,
      "$1: ",
    )
    .replace(/ --destination \S+/, "")
    .replace(
      /looks like "[^"]*" is not a valid chart repository or cannot be reached: Get "([^"]+)": (?:Bad Gateway: )?/,
      "$1 cannot be reached: ",
    )
    .replace(
      /looks like "[^"]*" is not a valid chart repository or cannot be reached: failed to fetch (\S+) : /,
      "$1 answers ",
    )
    .replace(/\s*Retrying attempt #\d+ at [^.]+\./, "")
    .replace(/\s*\(retried \d+ times\)\.?/, "")
    .replace(/\s+/g, " ")
    .trim();
}
