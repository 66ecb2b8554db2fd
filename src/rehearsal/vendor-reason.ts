import { type Application, sourcesOf } from "../argocd/application.ts";
import type { RefusedArtefact, VendorEvidence } from "../vendor/evidence.ts";
import { repositoryKey } from "../vendor/source-url.ts";
import type { Reason } from "./reason.ts";

/** What Helm and Argo CD say where a list of versions has none that is wanted. */
const noSuchVersion =
  /not found in \S+ repository|can't get a valid version|version matching constraint not found|no chart version found/i;

/** All that some clients show of a refusal; see `refusalStatus` of src/vendor/refusal.ts. */
const statusAlone = /\b(?:424|409)\b/;

/**
 * The same failure, as the mirror's record explains it. Clients tell too little of what the mirror refused them:
 * on a HEAD request they see nothing but a status. And a list of versions that was made from the cache alone
 * proves nothing about versions that are not in it.
 */
export function explainByVendor(
  reason: Reason,
  application: Pick<Application, "spec"> | undefined,
  { refused, incomplete }: VendorEvidence,
): Reason {
  const { message } = reason;
  const refusal =
    refused.find((candidate) => message.includes(candidate.message)) ??
    (statusAlone.test(message) ? refused.find(({ what }) => message.includes(what)) : undefined);
  if (refusal) return { ...reason, ...kindOf(refusal), message: refusal.message };
  if (reason.class !== "change" || !noSuchVersion.test(message)) return reason;
  const own = (application && sourcesOf(application)) ?? [];
  const named = (url: string) =>
    message.includes(url) || own.some(({ repoURL }) => repositoryKey(repoURL) === url);
  const source = incomplete.find(named);
  return source === undefined
    ? reason
    : {
        ...reason,
        code: "not-cached",
        class: "infrastructure",
        message: `${message} (the versions of ${source} are known from the cache alone)`,
      };
}

function kindOf({ kind, message }: RefusedArtefact): Pick<Reason, "code" | "class"> {
  if (kind === "changed")
    return { code: "digest", class: /: the lock has /.test(message) ? "change" : "configuration" };
  if (/egress is restricted/.test(message)) return { code: "source", class: "configuration" };
  return { code: "not-cached", class: "infrastructure" };
}
