import { readSources, type Source } from "../../repository/sources.ts";
import { list, type Mapping, mapping, mappings, text } from "../../repository/untyped.ts";
import { configMapRules } from "./config-map-rules.ts";
import { configMapFacts, entryFacts } from "./entry-facts.ts";
import { below, canonical, type Fact, parsedText, type Site, within } from "./fact.ts";
import { kustomizeFacts } from "./kustomize-facts.ts";
import { projectFacts } from "./project-facts.ts";
import { imageFacts, parametersAsValues } from "./values-facts.ts";
import { argoName, valuesFactsIn } from "./values-in.ts";

const workloads = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"]);
const secretType = "argocd.argoproj.io/secret-type";

/** What an object, or a patch of one, says. `texts` are the files that a kustomization may name. */
export function objectFacts(object: Mapping, site: Site, texts: ReadonlyMap<string, string>): Fact[] {
  const kind = text(object.kind) ?? "";
  const name = text(mapping(object.metadata).name) ?? "";
  const nested = (inner: Mapping, where: Site) => objectFacts(inner, where, texts);
  const entry = (key: string, value: unknown) => ({ owner: `${kind} ${name}`, key, value, site });
  if (kind === "List")
    return mappings(object.items).flatMap((item, index) => nested(item, below(site, "items", index)));
  if (kind === "Kustomization" || kind === "Component") return kustomizeFacts(object, site, texts, nested);
  if (kind === "ConfigMap" && Object.hasOwn(configMapRules, name))
    return configMapFacts(name, mapping(object.data), below(site, "data"));
  if (kind === "AppProject") return projectFacts(name, mapping(object.spec), below(site, "spec"));
  if (kind === "ConfigManagementPlugin")
    return entryFacts("argocd-plugins", "value", entry("spec", object.spec));
  if (kind === "Application") return specFacts(mapping(object.spec), below(site, "spec"), nested, texts);
  if (kind === "ApplicationSet") {
    const { template, templatePatch } = mapping(object.spec);
    const patch = typeof templatePatch === "string" ? mapping(parsedText(templatePatch)) : {};
    const at = below(site, "spec");
    return [
      ...specFacts(mapping(mapping(template).spec), below(at, "template", "spec"), nested, texts),
      ...specFacts(mapping(patch.spec), within(below(at, "templatePatch")), nested, texts),
    ];
  }
  if (holdsCredentials(object) || (kind === "Secret" && name === "argocd-secret")) {
    const { data, stringData, spec } = object;
    return entryFacts("argocd-credentials", "value", entry("credentials", { data, stringData, spec }));
  }
  if (kind === "ClusterRole" || kind === "Role")
    return argoName.test(name) ? entryFacts("argocd-rbac", "items", entry("rules", object.rules)) : [];
  if (kind === "ClusterRoleBinding" || kind === "RoleBinding") {
    const subjects = mappings(object.subjects).filter((subject) => argoName.test(text(subject.name) ?? ""));
    const value = subjects.length > 0 ? { roleRef: object.roleRef, subjects } : undefined;
    return entryFacts("argocd-rbac", "value", entry("roleRef", value));
  }
  const partOf = mapping(mapping(object.metadata).labels)["app.kubernetes.io/part-of"];
  if (workloads.has(kind) && (argoName.test(name) || partOf === "argocd"))
    return workloadFacts(`${kind} ${name}`, object, site);
  return [];
}

/** Also of what makes such a Secret: a SealedSecret, an ExternalSecret. */
function holdsCredentials({ metadata, spec }: Mapping): boolean {
  const { template, target } = mapping(spec);
  const makers = [metadata, mapping(template).metadata, mapping(mapping(target).template).metadata];
  return makers.some((one) => mapping(mapping(one).labels)[secretType] !== undefined);
}

/** What an Application's sources say, where they deploy Argo CD or may. */
function specFacts(
  spec: Mapping,
  site: Site,
  nested: (object: Mapping, site: Site) => Fact[],
  texts: ReadonlyMap<string, string>,
): Fact[] {
  return readSources(spec).flatMap((source, index) => {
    const several = list(spec.sources).length > 0;
    const here = several ? below(site, "sources", index) : below(site, "source");
    const kustomize = source.kustomize
      ? kustomizeFacts(source.kustomize, below(here, "kustomize"), texts, nested)
      : [];
    return [...sourceFacts(source, here), ...helmFacts(source, here, nested), ...kustomize];
  });
}

/** Where Argo CD's chart comes from, and values from elsewhere that nobody here can read. */
function sourceFacts(source: Source, site: Site): Fact[] {
  if (source.chart !== "argo-cd") return [];
  const remote = list(mapping(source.helm).valueFiles).filter((file) => String(file).includes("://"));
  const entry = { owner: "the chart argo-cd", site: below(site, "repoURL") };
  return [
    ...entryFacts("argocd-source", "value", { ...entry, key: "repoURL", value: source.repoURL }),
    ...entryFacts("argocd-source", "items", { ...entry, key: "valueFiles", value: remote }),
  ];
}

function helmFacts(source: Source, site: Site, nested: (object: Mapping, site: Site) => Fact[]): Fact[] {
  const helm = mapping(source.helm);
  const here = below(site, "helm");
  const known = source.chart === "argo-cd";
  const inline = typeof helm.values === "string" ? parsedText(helm.values) : helm.values;
  const parameters = [...mappings(helm.parameters), ...mappings(helm.fileParameters)];
  const facts: Fact[] = [];
  const add = (values: unknown, where: Site) => {
    facts.push(...valuesFactsIn(mapping(values), where, known, nested));
  };
  add(helm.valuesObject, below(here, "valuesObject"));
  add(inline, within(below(here, "values")));
  add(parametersAsValues(parameters), within(below(here, "parameters")));
  return facts;
}

function workloadFacts(owner: string, object: Mapping, site: Site): Fact[] {
  const template = object.kind === "Pod" ? object : mapping(mapping(object.spec).template);
  const spec = mapping(template.spec);
  const at = object.kind === "Pod" ? below(site, "spec") : below(site, "spec", "template", "spec");
  const tools = (key: string, value: unknown, where: Site) =>
    entryFacts("argocd-tools", "items", { owner, key, value, site: where });
  const containers = mappings(spec.containers).flatMap((container, index) => {
    const here = below(at, "containers", index);
    const name = `${owner} ${text(container.name) ?? ""}`;
    const { image, env, envFrom, args, command, volumeMounts, lifecycle, securityContext } = container;
    const parts = { env, envFrom, volumeMounts };
    return [
      ...imageFacts(name, image, below(here, "image")),
      ...Object.entries(parts).flatMap(([key, value]) => tools(`${name} ${key}`, value, below(here, key))),
      ...(command || args || lifecycle
        ? entryFacts("argocd-tools", "value", {
            ...{ owner: name, key: "command", site: here },
            value: canonical([command ?? [], args ?? [], lifecycle ?? []]),
          })
        : []),
      ...entryFacts("argocd-settings", "fixed", {
        ...{ owner: name, key: "securityContext", value: securityContext },
        site: below(here, "securityContext"),
      }),
    ];
  });
  return [
    ...tools("initContainers", spec.initContainers, below(at, "initContainers")),
    ...tools("volumes", spec.volumes, below(at, "volumes")),
    ...entryFacts("argocd-trust", "items", {
      ...{ owner, key: "hostAliases", value: spec.hostAliases },
      site: below(at, "hostAliases"),
    }),
    ...entryFacts("argocd-settings", "if-true", {
      ...{ owner, key: "hostNetwork", value: spec.hostNetwork },
      site: below(at, "hostNetwork"),
    }),
    ...containers,
  ];
}
