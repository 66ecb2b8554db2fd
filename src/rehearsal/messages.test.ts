import { describe, expect, it } from "vitest";
import { classifyComparison, classifySync, cleanMessage } from "./messages.ts";
import type { Reason, ReasonCode } from "./reason.ts";

type Case = readonly [message: string, code: ReasonCode | undefined, of: Reason["class"] | undefined];

const generation = "Failed to load target state: failed to generate manifest for source 1 of 1: ";
const rpc = "rpc error: code = Unknown desc = ";
const helmTemplate =
  "`helm template . --name-template x --namespace y --kube-version 1.37 --include-crds` failed exit status 1: Error: ";

/** In the words of Argo CD 3.6.1, gitops-engine, Helm 3 and 4, kustomize 5, git, go-git and oras. */
const comparisons: readonly Case[] = [
  // What lies in Git, though it quotes numbers and words of networks.
  [`${generation}${rpc}apps/shop: app path does not exist`, "manifests", "change"],
  [`${generation}${rpc}Failed to unmarshal "deployment.yaml": <nil>`, "manifests", "change"],
  [
    `${generation}rpc error: code = FailedPrecondition desc = Failed to unmarshal "a.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 503: mapping values are not allowed in this context`,
    "manifests",
    "change",
  ],
  [
    `${generation}rpc error: code = FailedPrecondition desc = Failed to unmarshal "web.json": unexpected EOF`,
    "manifests",
    "change",
  ],
  [
    `${generation}rpc error: code = FailedPrecondition desc = Failed to unmarshal "web.json": EOF`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}error reading helm chart from Chart.yaml: failed to unmarshal chart: error converting YAML to JSON: yaml: line 403: could not find expected ':'`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}failed to execute helm template command: ${helmTemplate}parse error at (web-app/templates/deployment.yaml:429): unexpected EOF`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}failed to execute helm template command: ${helmTemplate}template: web/templates/a.yaml:502:14: executing "web/templates/a.yaml" at <.Values.port>: nil pointer evaluating interface {}.port`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}failed to execute helm template command: ${helmTemplate}execution error at (web/templates/a.yaml:3:4): set timeout, or every request ends in 503 Service Unavailable: connection refused`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}failed to execute helm template command: ${helmTemplate}values don't meet the specifications of the schema(s) in the following chart(s): web-app: - at '/replicas': got string, want integer`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}failed to execute helm template command: ${helmTemplate}YAML parse error on web/templates/service.yaml: error converting YAML to JSON: yaml: line 500: did not find expected key`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}\`kustomize build ./overlays/home\` failed exit status 1: Error: accumulating resources: accumulation err='accumulating resources from 'port-503.yaml': open ./overlays/home/port-503.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on './overlays/home/port-503.yaml' : lstat ./overlays/home/port-503.yaml: no such file or directory`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}\`kustomize build .\` failed exit status 1: Error: invalid Kustomization: json: unknown field "resourcez"`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}\`kustomize build .\` failed exit status 1: Error: add operation does not apply: doc is missing path: "/spec/ports/429/port": missing value`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}unable to resolve 'v9.9.9' to a commit SHA: revision not found`,
    "manifests",
    "change",
  ],
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --version 9.9.9 --repo https://charts.example web\` failed exit status 1: Error: chart "web" version "9.9.9" not found in https://charts.example repository`,
    "manifests",
    "change",
  ],
  [`${generation}${rpc}failed to get index: 404 Not Found`, "manifests", "change"],
  [
    `${generation}${rpc}source referenced "values", but no source has a 'ref' field defined`,
    "manifests",
    "change",
  ],

  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --repo https://charts.example web\` failed exit status 1: Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: failed to fetch https://charts.example/index.yaml : 404 Not Found`,
    "manifests",
    "change",
  ],

  // What the mirror says of other hosts.
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --version 1.2.3 --repo https://charts.example web\` failed exit status 1: Error: failed to fetch https://charts.example/web-1.2.3.tgz : 424 charts.example/web-1.2.3.tgz is not in the cache, and --offline forbids asking for it; run rehearse vendor`,
    "not-cached",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed to resolve revision "1.2.3": cannot get digest for revision 1.2.3: HEAD "https://oci.example/v2/web/manifests/1.2.3": response status code 424: Failed Dependency`,
    "not-cached",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed running helm: \`helm pull\` failed exit status 1: Error: failed to fetch https://charts.example/web-1.2.3.tgz : 409 the digest of web 1.2.3 of https://charts.example has changed: the lock has sha256:1, upstream has sha256:2`,
    "digest",
    "change",
  ],
  [
    `${generation}${rpc}failed running helm: \`helm pull\` failed exit status 1: Error: failed to fetch https://charts.example/web-1.2.3.tgz : 409 the digest of web 1.2.3 of https://charts.example has changed: the cache has sha256:1, upstream has sha256:2`,
    "digest",
    "configuration",
  ],
  [
    `${generation}${rpc}failed running helm: \`helm pull\` failed exit status 1: Error: failed to fetch https://charts.example/web-1.2.3.tgz : 424 charts.example/web-1.2.3.tgz is not in the cache, and egress is restricted; run rehearse vendor`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}\`kustomize build <path to cached source>/x --enable-helm --helm-kube-version 1.37.2 --helm-api-versions argoproj.io/v1alpha1/AppProject\` failed exit status 1: Error: chart "web" version "9.9.9" not found in https://charts.example repository`,
    "manifests",
    "change",
  ],

  // The way to a source.
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --repo https://charts.example web\` failed exit status 1: Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: Get "https://charts.example/index.yaml": Bad Gateway: charts.example:443 cannot be reached: getaddrinfo ENOTFOUND charts.example`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:8081: connect: connection refused"`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}rpc error: code = Unknown desc = failed to list refs: Get "https://github.com/o/r/info/refs?service=git-upload-pack": dial tcp: lookup github.com on 10.0.0.2:53: no such host`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed to list refs: Get "https://github.com/o/r/info/refs?service=git-upload-pack": EOF`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}rpc error: code = Internal desc = Failed to fetch default: \`git fetch origin --tags --force --prune\` failed exit status 128: fatal: unable to access 'https://github.com/o/r/': The requested URL returned error: 503`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}rpc error: code = Internal desc = Failed to fetch default: \`git fetch origin --tags --force --prune\` failed exit status 128: error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function. | fatal: early EOF`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed to list refs: unexpected client error: unexpected requesting "https://github.com/o/r/info/refs?service=git-upload-pack" status code: 429`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x\` failed exit status 1: Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: Get "https://charts.example/index.yaml": net/http: TLS handshake timeout`,
    "transport",
    "infrastructure",
  ],
  [`${generation}${rpc}failed to get index: 503 Service Unavailable`, "transport", "infrastructure"],
  [
    `${generation}${rpc}cannot get digest for revision 1.2.3: GET "https://ghcr.io/v2/o/web/manifests/1.2.3": response status code 429: toomanyrequests: Too Many Requests`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}\`kustomize build .\` failed exit status 1: Error: accumulating resources: accumulation err='accumulating resources from 'https://example.com/base.yaml': Get "https://example.com/base.yaml": dial tcp 192.0.2.1:443: i/o timeout': must build at directory: not a valid directory: evalsymlink failure on './https:/example.com/base.yaml' : lstat ./https:: no such file or directory`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}\`git fetch origin\` failed exit status 128: fatal: unable to access 'https://codeberg.org/o/r/': CONNECT tunnel failed, response 502`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed running helm: \`helm template .\` failed timeout after 1m30s`,
    "transport",
    "infrastructure",
  ],
  [
    `${generation}rpc error: code = DeadlineExceeded desc = context deadline exceeded`,
    "transport",
    "infrastructure",
  ],
  [
    "Failed to load live state: failed to sync cluster https://kubernetes.default.svc: failed to load initial state of resource PodMetrics.metrics.k8s.io: the server is currently unable to handle the request",
    "transport",
    "infrastructure",
  ],
  [
    "error listing repos: GET https://api.github.com/orgs/o/repos: 403 API rate limit exceeded",
    "transport",
    "infrastructure",
  ],

  // Credentials and trust.
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --repo https://charts.example web\` failed exit status 1: Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: failed to fetch https://charts.example/index.yaml : 401 Unauthorized`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}error fetching chart: failed to fetch chart: failed running helm: \`helm pull --destination x --repo https://charts.example web\` failed exit status 1: Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: Get "https://charts.example/index.yaml": Forbidden: charts.example:443 is not of the rehearsed repository, and egress is restricted`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}failed to list refs: authentication required: Repository not found.`,
    "source",
    "configuration",
  ],
  [`${generation}${rpc}failed to get index: 401 Unauthorized`, "source", "configuration"],
  [
    `${generation}${rpc}failed to list refs: error creating SSH agent: "SSH agent requested but SSH_AUTH_SOCK not-specified" ssh: handshake failed: knownhosts: key is unknown`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}\`git fetch origin\` failed exit status 128: git@example.com: Permission denied (publickey).`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}\`git fetch origin\` failed exit status 128: fatal: could not read Username for 'https://example.com': terminal prompts disabled`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}error pulling OCI chart: \`helm pull oci://ghcr.io/o/web\` failed exit status 1: Error: GET "https://ghcr.io/v2/o/web/tags/list": response status code 403: denied: requested access to the resource is denied`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}failed to list refs: Get "https://git.home/o/r/info/refs?service=git-upload-pack": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}\`git fetch origin\` failed exit status 128: fatal: unable to access 'https://example.com/r/': Received HTTP code 403 from proxy after CONNECT`,
    "source",
    "configuration",
  ],
  [
    `${generation}${rpc}error making HTTP request: Get "https://charts.example/index.yaml": Forbidden`,
    "source",
    "configuration",
  ],

  // This machine and this engine.
  [
    `${generation}${rpc}error untarring chart: write /x/y: no space left on device`,
    "machine",
    "infrastructure",
  ],
  [
    `${generation}${rpc}failed running helm: \`helm template .\` failed signal: killed`,
    "machine",
    "infrastructure",
  ],
  [`${generation}${rpc}fork/exec /x/bin/helm: permission denied`, "machine", "infrastructure"],
  [
    `${generation}${rpc}CMP processing failed for application "shop": could not find cmp-server plugin with name "tanka" supporting the given repository`,
    "unsupported",
    "infrastructure",
  ],
  [
    `${generation}${rpc}could not find plugin supporting the given repository`,
    "unsupported",
    "infrastructure",
  ],
  [
    'Failed to load live state: failed to sync cluster https://kubernetes.default.svc: failed to load initial state of resource Certificate.cert-manager.io: conversion webhook for cert-manager.io/v1alpha2, Kind=Certificate failed: Post "https://cert-manager-webhook.cert-manager.svc:443/convert?timeout=30s": no endpoints available for service "cert-manager-webhook"',
    "unsupported",
    "infrastructure",
  ],

  // Projects.
  [
    `${generation}rpc error: code = PermissionDenied desc = helm repos https://charts.example are not permitted in project 'apps'`,
    "forbidden",
    "change",
  ],
  ["application 'shop' in namespace 'team' is not allowed to use project 'apps'", "forbidden", "change"],
  ["application references project shop which does not exist", "missing-project", "change"],
  ['error getting project shop: AppProject.argoproj.io "shop" not found', "missing-project", "change"],

  // What another Application may bring.
  [
    'Failed to compare desired state to live state: failed to calculate diff: no matches for kind "Foo" in version "a.b/v1"',
    "missing-kind",
    "change",
  ],
  [
    'Failed to compare desired state to live state: failed to calculate diff: error calculating server side diff: serverSideDiff error: error running server side apply in dryrun mode for resource ConfigMap/x: namespaces "shop" not found',
    "missing-namespace",
    "change",
  ],
  [
    'Failed to compare desired state to live state: failed to calculate diff: error calculating server side diff: serverSideDiff error: error running server side apply in dryrun mode for resource Service/kubernetes: Service "kubernetes" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
    "rejected",
    "change",
  ],
];

const syncs: readonly Case[] = [
  [
    'The Kubernetes API could not find cert-manager.io/Certificate for requested resource web/tls. Make sure the "Certificate" CRD is installed on the destination cluster.',
    "missing-kind",
    "change",
  ],
  [
    'The Kubernetes API could not find version "v1beta1" of policy/PodDisruptionBudget for requested resource web/web. Version "v1" of policy/PodDisruptionBudget is installed on the destination cluster.',
    "missing-kind",
    "change",
  ],
  [
    "one or more synchronization tasks are not valid: the server could not find the requested resource",
    "missing-kind",
    "change",
  ],
  ['namespaces "shop" not found', "missing-namespace", "change"],
  ['error when creating "/dev/shm/503": namespaces "shop" not found', "missing-namespace", "change"],
  [
    'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 503: provided port is not in the valid range',
    "rejected",
    "change",
  ],
  [
    'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"web"}}: field is immutable',
    "rejected",
    "change",
  ],
  [
    "StatefulSet.apps \"db\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
    "rejected",
    "change",
  ],
  [
    'admission webhook "policy.example" denied the request: image registry answered 503 Service Unavailable',
    "rejected",
    "change",
  ],
  [
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    "rejected",
    "change",
  ],
  ["resource rbac.authorization.k8s.io:ClusterRole is not permitted in project apps", "forbidden", "change"],
  ["namespace kube-system is not permitted in project 'apps'", "forbidden", "change"],
  [
    'Internal error occurred: failed calling webhook "validate.nginx": failed to call webhook: Post "https://nginx.ingress.svc:443/": dial tcp 10.0.0.1:443: connect: connection refused',
    "sync",
    "change",
  ],
  [
    'Get "https://127.0.0.1:6443/api": dial tcp 127.0.0.1:6443: connect: connection refused',
    "transport",
    "infrastructure",
  ],
  ["etcdserver: request timed out", "transport", "infrastructure"],
  ["the server is currently unable to handle the request", "transport", "infrastructure"],
  ["write /x: no space left on device", "machine", "infrastructure"],
  // Whether these heal, they do not say.
  [
    'Operation cannot be fulfilled on deployments.apps "web": the object has been modified',
    undefined,
    undefined,
  ],
  [
    'serviceaccounts "job-429" is forbidden: User "system:serviceaccount:argocd:argocd-application-controller" cannot create resource',
    undefined,
    undefined,
  ],
];

describe("an error of generating or comparing manifests", () => {
  it.each(comparisons)("%s", (message, code, of) => {
    expect(classifyComparison(message)).toMatchObject({ code, class: of });
  });

  it("means the same with and without the wrapping that Argo CD puts around it", () => {
    for (const [message, code] of comparisons) {
      // gRPC's own codes say what cannot be said otherwise.
      if (/code = (?:Unavailable|DeadlineExceeded|PermissionDenied)/.test(message)) continue;
      expect(classifyComparison(cleanMessage(message)).code, message).toBe(code);
    }
  });

  it("is never final at once: what another brings, and what passes by itself, is waited for", () => {
    for (const [message] of comparisons)
      expect(classifyComparison(message).finality.when, message).not.toBe("now");
    expect(classifyComparison("connection refused").finality).toEqual({ when: "lasting", ms: 40_000 });
    expect(classifyComparison('no matches for kind "Foo"').finality).toEqual({ when: "quiet" });
    expect(classifyComparison("app path does not exist").finality).toEqual({ when: "repeated" });
  });
});

describe("an error of a sync", () => {
  it.each(syncs)("%s", (message, code, of) => {
    const classified = classifySync(message);
    if (code === undefined) expect(classified).toBeUndefined();
    else expect(classified).toMatchObject({ code, class: of });
  });

  it("is final at once only where no repetition can heal it", () => {
    const atOnce = syncs.filter(([message]) => classifySync(message)?.finality.when === "now");
    expect(new Set(atOnce.map(([, code]) => code))).toEqual(new Set(["rejected", "forbidden"]));
  });
});

describe("cleanMessage", () => {
  it("leaves what the tool said, on one line", () => {
    expect(
      cleanMessage(
        `${generation}${rpc}Manifest generation error (cached): rpc error: code = Internal desc = apps/shop:\n  app path does not exist`,
      ),
    ).toBe("apps/shop: app path does not exist");
  });

  it("leaves out the kinds of the cluster, and what Helm guesses about an index", () => {
    expect(
      cleanMessage(
        "`kustomize build x --enable-helm --helm-api-versions apps/v1 --helm-api-versions v1/Pod` failed",
      ),
    ).toBe("`kustomize build x --enable-helm` failed");
    expect(
      cleanMessage(
        'Error: looks like "https://charts.example" is not a valid chart repository or cannot be reached: failed to fetch https://charts.example/index.yaml : 503 Service Unavailable',
      ),
    ).toBe("Error: https://charts.example/index.yaml answers 503 Service Unavailable");
  });

  it("leaves out when it is tried again, which changes with every try", () => {
    expect(
      cleanMessage(
        "one or more objects failed to apply, reason: x. Retrying attempt #2 at 2026-11-23T05:12:07Z.",
      ),
    ).toBe("one or more objects failed to apply, reason: x.");
    expect(cleanMessage("one or more objects failed to apply (retried 5 times).")).toBe(
      "one or more objects failed to apply",
    );
  });
});
