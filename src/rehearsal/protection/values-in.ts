import { isMapping, list, type Mapping, mapping, text } from "../../repository/untyped.ts";
import { below, type Fact, type Site } from "./fact.ts";
import { projectFacts } from "./project-facts.ts";
import { looksLikeValues, valuesFacts } from "./values-facts.ts";

/** Names of Argo CD's own objects, and of its values within those of a chart that depends on it. */
export const argoName = /(?:^|-)argo-?cd(?:-|$)/;

/**
 * What values say, as far as they are Argo CD's (`known`, or by their looks), those of a chart that depends on it,
 * or of the chart `argocd-apps`, which makes projects of them.
 */
export function valuesFactsIn(
  values: Mapping,
  site: Site,
  known: boolean,
  objects: (object: Mapping, site: Site) => Fact[],
): Fact[] {
  const own: [Mapping, Site][] = known || looksLikeValues(values) ? [[values, site]] : [];
  const wrapped = Object.entries(values).flatMap(([key, inner]): [Mapping, Site][] =>
    isMapping(inner) && (argoName.test(key) || looksLikeValues(inner)) ? [[inner, below(site, key)]] : [],
  );
  return [
    ...[...own, ...wrapped].flatMap(([one, where]) => valuesFacts(one, where, objects)),
    ...[[values, site] as const, ...wrapped].flatMap(([one, where]) =>
      projectsOf(one.projects, below(where, "projects")),
    ),
  ];
}

/** By name, or in a list as before chart 2. */
function projectsOf(projects: unknown, site: Site): Fact[] {
  const named: [string, unknown, Site][] = Array.isArray(projects)
    ? list(projects).map((one, index) => [text(mapping(one).name) ?? "", one, below(site, index)])
    : Object.entries(mapping(projects)).map(([name, one]) => [name, one, below(site, name)]);
  return named.flatMap(([name, project, where]) => {
    const isProject = isMapping(project) && (project.sourceRepos || project.destinations);
    return isProject ? projectFacts(name, project, where) : [];
  });
}
