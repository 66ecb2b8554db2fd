import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import { isMapping, list, type Mapping, mapping } from "../../repository/untyped.ts";
import type { Mode } from "./config-map-rules.ts";
import { configMapFacts, entryFacts } from "./entry-facts.ts";
import { below, type Fact, type Path, type Site } from "./fact.ts";

/** What the values of the Helm chart `argo-cd` (9.x) call what becomes a ConfigMap. */
const configMapSections: readonly (readonly [Path, string])[] = [
  [["configs", "cm"], "argocd-cm"],
  [["configs", "params"], "argocd-cmd-params-cm"],
  [["configs", "rbac"], "argocd-rbac-cm"],
  [["configs", "gpg", "keys"], "argocd-gpg-keys-cm"],
  [["configs", "tls", "certificates"], "argocd-tls-certs-cm"],
  [["configs", "cmp", "plugins"], "argocd-cmp-cm"],
  // Before chart 5.
  [["server", "config"], "argocd-cm"],
  [["server", "rbacConfig"], "argocd-rbac-cm"],
];

const otherSections: readonly (readonly [Path, ProtectedSetting, Mode])[] = [
  [["configs", "cmp", "create"], "argocd-plugins", "if-true"],
  [["configs", "ssh", "knownHosts"], "argocd-trust", "policy"],
  [["configs", "ssh", "extraHosts"], "argocd-trust", "policy"],
  [["configs", "credentialTemplates"], "argocd-credentials", "items"],
  [["configs", "repositories"], "argocd-credentials", "items"],
  [["configs", "repositoryCredentials"], "argocd-credentials", "items"],
  [["configs", "clusterCredentials"], "argocd-credentials", "items"],
  [["configs", "secret"], "argocd-credentials", "items"],
  [["externalRedis"], "argocd-settings", "items"],
  [["createClusterRoles"], "argocd-rbac", "if-true"],
  [["apiVersionOverrides"], "argocd-settings", "items"],
];

const components = [
  ...["global", "controller", "server", "repoServer", "applicationSet", "notifications", "commitServer"],
  ...["dex", "redis", "redis-ha", "redisSecretInit"],
] as const;

/** Keys of a component's section, at any depth. */
const componentKeys: Readonly<Record<string, readonly [ProtectedSetting, Mode]>> = {
  initContainers: ["argocd-tools", "items"],
  extraContainers: ["argocd-tools", "items"],
  sidecarContainers: ["argocd-tools", "items"],
  volumes: ["argocd-tools", "items"],
  volumeMounts: ["argocd-tools", "items"],
  env: ["argocd-tools", "items"],
  envFrom: ["argocd-tools", "items"],
  extraArgs: ["argocd-tools", "items"],
  extraEnv: ["argocd-tools", "items"],
  command: ["argocd-tools", "value"],
  args: ["argocd-tools", "value"],
  lifecycle: ["argocd-tools", "value"],
  hostAliases: ["argocd-trust", "items"],
  extensionList: ["argocd-tools", "items"],
  hostNetwork: ["argocd-settings", "if-true"],
  containerSecurityContext: ["argocd-settings", "fixed"],
  securityContext: ["argocd-settings", "fixed"],
  automountServiceAccountToken: ["argocd-rbac", "if-true"],
  clusterAdminAccess: ["argocd-rbac", "items"],
  clusterRoleRules: ["argocd-rbac", "items"],
  rbac: ["argocd-rbac", "items"],
  allowAnyNamespace: ["argocd-namespaces", "if-true"],
};

const configKeys = new Set(configMapSections.map(([[, key]]) => String(key)).concat(["ssh", "secret"]));

/** Whether values are those of the chart by their looks: nothing else has these sections. */
export function looksLikeValues(values: Mapping): boolean {
  const configs = mapping(values.configs);
  const credentials = ["credentialTemplates", "repositories", "clusterCredentials", "cmp"];
  return (
    isMapping(values.repoServer) ||
    [...Object.keys(configs)].some((key) => configKeys.has(key) || credentials.includes(key))
  );
}

/** What the values of Argo CD's chart say. `objects` reads what stands below `extraObjects`. */
export function valuesFacts(
  values: Mapping,
  site: Site,
  objects: (object: Mapping, site: Site) => Fact[],
): Fact[] {
  return [
    ...configMapSections.flatMap(([path, configMap]) => {
      const data = at(values, path);
      return isMapping(data) ? configMapFacts(configMap, data, below(site, ...path)) : [];
    }),
    ...otherSections.flatMap(([path, setting, mode]) =>
      entryFacts(setting, mode, {
        ...{ owner: "values", key: path.join("."), value: at(values, path) },
        site: below(site, ...path),
      }),
    ),
    ...components.flatMap((name) => {
      const section = values[name];
      return isMapping(section) ? componentFacts(name, section, below(site, name)) : [];
    }),
    ...list(values.extraObjects).flatMap((object, index) =>
      isMapping(object) ? objects(object, below(site, "extraObjects", index)) : [],
    ),
  ];
}

function componentFacts(owner: string, section: Mapping, site: Site): Fact[] {
  return Object.entries(section).flatMap(([key, value]) => {
    const here = below(site, key);
    if (owner === "server" && (key === "config" || key === "rbacConfig")) return [];
    if (key === "image") return imageFacts(owner, value, here);
    const [setting, mode] = Object.hasOwn(componentKeys, key) ? (componentKeys[key] ?? []) : [];
    if (setting !== undefined && mode !== undefined) {
      // A switch beside the parts of one thing: `clusterRoleRules: {enabled, rules}`.
      if (isMapping(value) && value.enabled === false) return [];
      return entryFacts(setting, mode, { owner, key, value, site: here });
    }
    return isMapping(value) ? componentFacts(`${owner}.${key}`, value, here) : [];
  });
}

/** Where it comes from; its version is the purpose of an upgrade. */
export function imageFacts(owner: string, image: unknown, site: Site): Fact[] {
  const { registry, repository } = mapping(image);
  const value = isMapping(image)
    ? [registry, repository].filter((part) => typeof part === "string" && part !== "").join("/")
    : String(image ?? "").replace(/(?:@.*|:[^:/]*)$/, "");
  return entryFacts("argocd-images", "value", { owner, key: "image", value, site });
}

function at(values: Mapping, path: Path): unknown {
  return path.reduce<unknown>((value, key) => mapping(value)[key], values);
}

/** `helm.parameters` and `helm.fileParameters` as values; `a[0].b` is an entry of the list `a`. */
export function parametersAsValues(parameters: readonly Mapping[]): Mapping {
  const values: Mapping = {};
  for (const { name, value, path } of parameters) {
    if (typeof name !== "string") continue;
    const keys = name.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
    let target = values;
    for (const [index, written] of keys.entries()) {
      const [key = "", ...indices] = written.split("[");
      const isLast = index === keys.length - 1;
      if (isLast || indices.length > 0) {
        const content = value ?? `file ${String(path)}`;
        target[key] =
          indices.length > 0
            ? [...list(target[key]), `${written}.${keys.slice(index + 1).join(".")}=${String(content)}`]
            : content;
        break;
      }
      const inner = isMapping(target[key]) ? target[key] : {};
      target[key] = inner;
      target = inner;
    }
  }
  return values;
}
