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

/** Errors of the way to a source, which pass by themselves: https://pkg.go.dev/net, git and HTTP spell them so. */
const transport =
  /connection refused|connection reset|no such host|i\/o timeout|TLS handshake timeout|deadline exceeded|context canceled|unexpected EOF|: EOF$|network is unreachable|could not resolve (host|proxy)|temporary failure|\b(429|500|502|503|504)\b|too many requests|bad gateway|service unavailable|code = unavailable|error while dialing|tunneling socket|proxyconnect|cannot be reached|remote end hung up/i;

/**
 * What an error of generating or comparing manifests means. In order: the first that matches decides.
 * Each is a message that Argo CD 3 was seen to give.
 */
const comparisonRules: readonly Rule[] = [
  {
    pattern: /could not find (cmp )?plugin|plugin with name|config management plugin|no.*plugin.*support/i,
    result: { code: "unsupported", class: "infrastructure", finality: { when: "repeated" } },
  },
  {
    pattern: transport,
    result: { code: "transport", class: "infrastructure", finality: { when: "lasting", ms: 40_000 } },
  },
  {
    pattern:
      /authentication required|authorization failed|permission denied|could not read username|\b(401|403)\b|ssh: handshake failed/i,
    result: { code: "source", class: "configuration", finality: { when: "repeated" } },
  },
  {
    pattern: /is not permitted in project|not allowed in project/i,
    result: change("forbidden", { when: "repeated" }),
  },
  {
    pattern: /no matches for kind|could not find the requested resource|resource mapping not found/i,
    result: change("missing-kind", { when: "quiet" }),
  },
];

/** What the failed sync of an object or of a whole Application means. */
const syncRules: readonly Rule[] = [
  {
    pattern: /is not permitted in project|cluster level .* can not be managed/i,
    result: change("forbidden", { when: "now" }),
  },
  {
    pattern: /field is immutable|is immutable|updates to .* are forbidden|is invalid:|may not be changed/i,
    result: change("rejected", { when: "now" }),
  },
  {
    pattern:
      /exceeded quota|denied the request|denied request|forbidden: ValidatingAdmissionPolicy|strict decoding error|cannot be handled as/i,
    result: change("rejected", { when: "retried", times: 2 }),
  },
  {
    pattern:
      /no matches for kind|could not find the requested resource|could not find version|resource mapping not found|ensure CRDs are installed/i,
    result: change("missing-kind", { when: "quiet" }),
  },
  { pattern: /namespaces? "[^"]*" not found/i, result: change("missing-namespace", { when: "quiet" }) },
  {
    pattern: transport,
    result: { code: "transport", class: "infrastructure", finality: { when: "lasting", ms: 40_000 } },
  },
];

export function classifyComparison(message: string): Classified {
  return match(comparisonRules, message) ?? change("manifests", { when: "repeated" });
}

/** Undefined where the message says nothing about whether it may heal. */
export function classifySync(message: string): Classified | undefined {
  return match(syncRules, message);
}

function match(rules: readonly Rule[], message: string): Classified | undefined {
  return rules.find((rule) => rule.pattern.test(message))?.result;
}

/** One line, without the wrapping that Argo CD and gRPC put around what a tool said. */
export function cleanMessage(message: string): string {
  return message
    .replace(/^Failed to load target state: /, "")
    .replace(/failed to generate manifest for source \d+ of \d+: /, "")
    .replace(/rpc error: code = \w+ desc = /g, "")
    .replace(/Manifest generation error \(cached\): /, "")
    .replace(
      /(?:error fetching chart: )?failed to fetch chart: failed running helm: `(.*?)` failed exit status \d+: Error: /,
      "$1: ",
    )
    .replace(/ --destination \S+/, "")
    .replace(/\s*Retrying attempt #\d+ at [^.]+\./, "")
    .replace(/\s*\(retried \d+ times\)\.?/, "")
    .replace(/\s+/g, " ")
    .trim();
}
