import { type CauseClass, type Failure, type PodFinality, tidy } from "./failure.ts";

/** The kubelet's reasons for a container that waits for its image (pkg/kubelet/images/types.go). */
export const imageReasons: readonly string[] = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
];

interface Rule {
  pattern: RegExp;
  class: CauseClass;
  finality: PodFinality;
}

/** The kubelet tries again after 10, 20, 40 and 80 s; these give three tries, and one that was slow. */
const network: PodFinality = { when: "lasting", ms: 90_000 };
/** Nobody tags an image between two tries, and a limit of a registry lasts for hours. */
const soon: PodFinality = { when: "lasting", ms: 12_000 };
/** The pull Secret may come from another Application. */
const secret: PodFinality = { when: "quiet" };

/**
 * What containerd's or Docker's words about a pull mean (core/remotes/docker of containerd, and the error
 * codes of the distribution specification). In order: the first that matches decides.
 */
const rules: readonly Rule[] = [
  {
    pattern: /no space left on device|disk quota|read-only file system/i,
    class: "infrastructure",
    finality: soon,
  },
  { pattern: /no match for platform|exec format/i, class: "infrastructure", finality: soon },
  {
    pattern: /toomanyrequests|too many requests|rate limit|: 429\b/i,
    class: "infrastructure",
    finality: { when: "lasting", ms: 30_000 },
  },
  {
    pattern: /x509: |certificate|tls: |server gave HTTP response to HTTPS client/i,
    class: "infrastructure",
    finality: { when: "lasting", ms: 30_000 },
  },
  {
    pattern:
      /no such host|server misbehaving|dial tcp|connection (?:refused|reset|timed out)|i\/o timeout|TLS handshake timeout|deadline exceeded|context canceled|Client\.Timeout|no route to host|network is unreachable|unexpected EOF|: EOF|proxyconnect|registry is unavailable|httpReadSeeker/i,
    class: "infrastructure",
    finality: network,
  },
  {
    pattern: /(?:status(?: code)?|: ) ?5\d\d\b|\b5\d\d (?:internal|bad gateway|service|gateway)/i,
    class: "infrastructure",
    finality: network,
  },
  // Any registry that asks for a name and a password, before it says what exists.
  { pattern: /no basic auth credentials/i, class: "configuration", finality: secret },
  // Docker Hub says so of what does not exist, too; a homelab's own images seldom are private there.
  {
    pattern: /pull access denied|repository does not exist|name unknown|insufficient_scope/i,
    class: "change",
    finality: soon,
  },
  {
    pattern:
      /: 40[13]\b|unauthorized|forbidden|no basic auth credentials|authentication required|access to the resource is denied|authorization failed/i,
    class: "configuration",
    finality: secret,
  },
  {
    pattern:
      /not found|manifest unknown|invalid reference format|couldn't parse image|is not present with pull policy|content digest|does not exist|must be lowercase/i,
    class: "change",
    finality: soon,
  },
];

/**
 * Why the image of a container is not there. `waiting` is the container's state; `pullEvent` the message
 * of the last event about the pull, since a back-off of older kubelets does not repeat it;
 * `hasPullSecrets` whether its Pod names any. Undefined while nothing is known but that there is a back-off.
 */
export function imageFailure(
  container: string,
  image: string,
  waiting: { reason?: string; message?: string },
  pullEvent: string | undefined,
  hasPullSecrets = false,
): Failure | undefined {
  const said = causeOf(waiting.message ?? "") || causeOf(pullEvent ?? "");
  const named = `image ${image} of container ${container}`;
  const failure = (reasonClass: CauseClass, why: string, finality: PodFinality): Failure => ({
    reason: { code: "image", class: reasonClass, message: tidy(why) },
    finality,
  });
  if (waiting.reason === "InvalidImageName")
    return failure("change", `${named} is no name of an image: ${said}`, soon);
  if (waiting.reason === "ErrImageNeverPull")
    return failure("change", `${named} is not on the node, and its pull policy is Never`, soon);
  if (waiting.reason === "SignatureValidationFailed")
    return failure("change", `${named} has no valid signature: ${said}`, soon);
  if (said === "") return undefined;
  const rule = rules.find(({ pattern }) => pattern.test(said));
  // A private image, whose credentials are real at home and not here.
  if (hasPullSecrets && /pull access denied/i.test(said))
    return failure("configuration", `${named} cannot be pulled: ${said}`, secret);
  return failure(
    rule?.class ?? "infrastructure",
    `${named} cannot be pulled: ${said}`,
    rule?.finality ?? network,
  );
}

/** What is left of a message without what repeats the image's name on the way. */
function causeOf(message: string): string {
  const cause = tidy(message)
    .replace(/^Back-off pulling image "[^"]*"(?:: |$)/, "")
    .replace(/^(?:ErrImagePull|ImagePullBackOff|RegistryUnavailable|InvalidImageName): /, "")
    .replace(/^Failed to pull image "[^"]*": /, "")
    .replace(/^image pull failed for \S+ because /, "")
    .replace(/^failed to pull and unpack image "[^"]*": /, "")
    .replace(/^failed to resolve (?:reference|image)(?: "[^"]*")?: /, "")
    .replace(/^failed to do request: /, "")
    .replace(/^Failed to apply default image tag "[^"]*": /, "");
  return cause.replace(/^unexpected status from/, "status from");
}
