/** What the verdict says of kinds whose stages are derived, by the beginning of `group/kind`; the first counts. */
const words: readonly (readonly [RegExp, string])[] = [
  [/^cert-?manager\.(io|k8s\.io)\/.*Issuer$/, "said to be ready; its authority was not asked"],
  [/^(acme\.)?cert-?manager\.(io|k8s\.io)\//, "said to be issued; no issuer was asked, and no Secret made"],
  [/^trust\.cert-manager\.io\//, "said to be synced; no bundle was written"],
  [
    /^(external-secrets|kubernetes-client)\.io\/.*Store$/,
    "said to be valid; nobody logged in to its provider",
  ],
  [/^external-secrets\.io\/PushSecret$/, "said to be pushed; no provider was asked"],
  [
    /^(external-secrets|kubernetes-client)\.io\//,
    "said to be synced; no provider was asked, and no Secret made",
  ],
  [/^(bitnami\.com|onepassword\.com|addons\.projectcapsule\.dev)\//, "said to be synced; no Secret was made"],
  [/^monitoring\.coreos\.com\//, "said to be available; no operator ran it"],
  [/^snapshot\.storage\.k8s\.io\//, "said to be ready; no snapshot was taken"],
  [/^velero\.io\/|Backup$|Snapshot$/, "said to be done; nothing was backed up"],
  [/^velero\.io\/Restore$/, "said to be done; nothing was restored"],
  [
    /^(postgresql\.cnpg\.io|acid\.zalan\.do|k8s\.mariadb\.com|mariadb\.mmontes\.io|.*percona\.com|clickhouse.*)\//,
    "said to be running; no database was",
  ],
  [/(kafka|rabbitmq|elastic|solr|cassandra|redis|minio).*\//, "said to be running; no server was"],
  [
    /^gateway\.(networking\.k8s\.io|envoyproxy\.io|solo\.io)\/|^projectcontour\.io\//,
    "said to be accepted; no controller read it",
  ],
  [/^grafana\.integreatly\.org\//, "said to be synchronised; no Grafana was asked"],
  [/^keda\.sh\//, "said to be ready; nothing was scaled"],
  [/\.toolkit\.fluxcd\.io\//, "said to be ready; Flux did not run"],
  [/^argoproj\.io\/Rollout$/, "said to be rolled out; no Pod was made"],
  [/^argoproj\.io\//, "said to have succeeded; nothing was run"],
  [/^(tekton\.dev|sparkoperator\.k8s\.io)\//, "said to have succeeded; nothing was run"],
  [/kyverno\.io\//, "said to be ready; no policy was enforced"],
  [
    /(crossplane|upbound)\.io\/|\.services\.k8s\.aws\/|\.cnrm\.cloud\.google\.com\//,
    "said to be ready; nothing was made at its provider",
  ],
];

/** For a kind, as `group/kind`. */
export function wordsFor(name: string): string {
  return words.find(([pattern]) => pattern.test(name))?.[1] ?? "said to be healthy; no operator acted on it";
}
