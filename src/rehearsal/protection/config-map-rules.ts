import type { ProtectedSetting } from "../../repository/protected-settings.ts";

/**
 * When an entry weakens something. `value`: where it is set, or set otherwise. `fixed`: also where it is taken
 * away. `options`, `list`, `items`: by each word, each part between commas, each entry of the YAML that is added.
 * `policy`: by each line that is added, or taken away where it denies. The others are for booleans: `true` grants
 * (`if-true`), or restricts (`while-true`), and so does `false`.
 */
export type Mode =
  | "value"
  | "fixed"
  | "options"
  | "list"
  | "items"
  | "policy"
  | "if-true"
  | "if-false"
  | "while-true"
  | "while-false";

export interface EntryRule {
  keys: RegExp;
  /** Undefined for what is known to be harmless. */
  setting: ProtectedSetting | undefined;
  mode: Mode;
}

const harmless = (keys: RegExp): EntryRule => ({ keys, setting: undefined, mode: "value" });
const rule = (keys: RegExp, setting: ProtectedSetting, mode: Mode): EntryRule => ({ keys, setting, mode });
/** Of the Helm chart's own beside the entries. */
const chartOwn = [rule(/^create$/, "argocd-settings", "if-false"), harmless(/^(?:annotations|labels|name)$/)];
/** Whatever is new to us: better one question too many. */
const unknown = rule(/^/, "argocd-settings", "value");

/** By ConfigMap, the rules for its entries; the first that fits counts. Keys are those of Argo CD 3.6. */
export const configMapRules: Readonly<Record<string, readonly EntryRule[]>> = {
  "argocd-cm": [
    rule(/^configManagementPlugins$/, "argocd-plugins", "items"),
    rule(/^kustomize\.buildOptions/, "argocd-kustomize", "options"),
    rule(/^kustomize\.(?:path|version)/, "argocd-kustomize", "value"),
    rule(/^helm\.valuesFileSchemes$/, "argocd-tools", "list"),
    rule(/^extension\.config/, "argocd-tools", "value"),
    rule(/^(?:users\.anonymous|exec)\.enabled$/, "argocd-access", "if-true"),
    rule(/^exec\.shells$/, "argocd-access", "list"),
    rule(/^admin\.enabled$/, "argocd-access", "while-false"),
    rule(/^(?:passwordPattern)$/, "argocd-access", "fixed"),
    rule(/^(?:accounts\.|dex\.|oidc\.|additionalUrls$)/, "argocd-access", "value"),
    rule(/^(?:repositories|repository\.credentials|helm\.repositories)$/, "argocd-credentials", "items"),
    rule(/^resource\.customizations(?:$|\.(?:health|actions|useOpenLibs)(?:\.|$))/, "argocd-health", "fixed"),
    rule(/^resource\.customizations\.knownTypeFields/, "argocd-exclusions", "fixed"),
    rule(/^resource\.inclusions$/, "argocd-exclusions", "fixed"),
    rule(/^resource\.exclusions$/, "argocd-exclusions", "items"),
    rule(
      /^resource\.(?:customizations\.|compareoptions$|respectRBAC$|ignoreResourceUpdates)/,
      "argocd-exclusions",
      "value",
    ),
    rule(/^globalProjects$/, "argocd-projects", "items"),
    rule(/^application\.sync\.impersonation\.enabled$/, "argocd-rbac", "while-true"),
    rule(/^server\.rbac\./, "argocd-rbac", "fixed"),
    harmless(/^(?:url$|ui\.|help\.|ga\.|statusbadge\.|timeout\.|webhook\.maxPayload|users\.session\.)/),
    harmless(
      /^(?:resource|project|application)\.links$|^(?:kustomize|helm|jsonnet)\.enable$|^installationID$/,
    ),
    harmless(/^application\.(?:instanceLabelKey|resourceTrackingMethod|allowedNodeLabels)$/),
    ...chartOwn,
    unknown,
  ],
  "argocd-rbac-cm": [
    rule(/^policy(?:\..*)?\.csv$/, "argocd-rbac", "policy"),
    rule(/^policy\.default$/, "argocd-rbac", "value"),
    rule(/^(?:scopes|policy\.matchMode)$/, "argocd-rbac", "fixed"),
    ...chartOwn,
    rule(/^/, "argocd-rbac", "value"),
  ],
  "argocd-cmd-params-cm": [
    rule(/^server\.(?:insecure|disable\.auth)$/, "argocd-access", "if-true"),
    rule(
      /(?:^|\.)(?:application\.namespaces|applicationsetcontroller\.namespaces)$/,
      "argocd-namespaces",
      "list",
    ),
    rule(/allowed\.scm\.providers$/, "argocd-namespaces", "fixed"),
    rule(/enable\.scm\.providers$/, "argocd-namespaces", "while-false"),
    rule(/tokenref\.strict\.mode$/, "argocd-namespaces", "while-true"),
    rule(/strict\.tls$/, "argocd-trust", "while-true"),
    rule(/insecure|plaintext|disable\.tls|tls\./, "argocd-trust", "value"),
    rule(/oob\.symlinks/, "argocd-tools", "if-true"),
    rule(/plugin/, "argocd-plugins", "value"),
    harmless(/\.log\.(?:format|level)$|processors$|parallelism|timeout|resync|cache\.expiration|metrics/),
    harmless(/^otlp\.|\.(?:basehref|rootpath|staticassets)$|progressive\.syncs$|manifests\.size$/),
    harmless(/\.k8s\.client\.|sharding|\.gzip|\.diff\.server\.side$/),
    ...chartOwn,
    unknown,
  ],
  "argocd-ssh-known-hosts-cm": [rule(/^/, "argocd-trust", "policy")],
  "argocd-tls-certs-cm": [rule(/^/, "argocd-trust", "value")],
  "argocd-gpg-keys-cm": [rule(/^/, "argocd-trust", "value")],
  "argocd-cmp-cm": [rule(/^/, "argocd-plugins", "value")],
};
