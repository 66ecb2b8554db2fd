import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../runner/package-root.ts";
import { type Content, readContent } from "./content.ts";
import { findDeployers } from "./deployers.ts";
import { git } from "./git-fixture.ts";
import { locator } from "./locate.ts";
import type { RemoteSource } from "./remote-source.ts";
import { findRemoteSources } from "./remote-sources.ts";
import { findRoots, type Roots } from "./roots.ts";
import { findSelfManagement } from "./self-management.ts";
import { openTree } from "./tree.ts";
import { mapping } from "./untyped.ts";
import { findYamlErrors } from "./yaml-errors.ts";

// They lie beside the checkout, and only on machines of this project.
const homelabs = join(packageRoot(), "../shared/homelabs");

/** A folder as the only commit of a repository. */
async function commitCopy(source: string, inFolder: string, at: string): Promise<string> {
  await mkdir(join(inFolder, at), { recursive: true });
  await cp(source, join(inFolder, at), { recursive: true, mode: 0 });
  await git(inFolder, "init", "--quiet");
  await git(inFolder, "add", "--all");
  await git(inFolder, "commit", "--quiet", "-m", "Copy");
  return git(inFolder, "rev-parse", "HEAD");
}

function useRepository(source: string, at = "") {
  let folder = "";
  let commit = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rehearsal-test-"));
    commit = await commitCopy(source, folder, at);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    content: async (scope = ""): Promise<Content> =>
      readContent(await openTree(join(folder, ".git"), commit), scope),
  };
}

function listed({ parts }: Roots): string[] {
  return parts.flatMap(({ manifests }) =>
    manifests.map(
      ({ manifest, place }) => `${manifest.kind} ${mapping(manifest.metadata).name} at ${place.file}`,
    ),
  );
}

/** How many of each kind. */
function kinds(sources: readonly RemoteSource[]): Record<string, number> {
  const grouped = Map.groupBy(sources, ({ kind }) => kind);
  return Object.fromEntries([...grouped].map(([kind, all]) => [kind, all.length]));
}

describe("the quickstart", () => {
  const repository = useRepository(join(packageRoot(), "examples/quickstart"), "examples/quickstart");
  const isThisRepository = (url: string) => url === "https://github.com/gitops-rehearsal/rehearsal.git";

  test.each(["examples/quickstart", ""])("has one root, seen from %j", async (scope) => {
    const content = await repository.content(scope);
    const roots = await findRoots({ content, configured: [], isThisRepository });
    expect(listed(roots)).toEqual([
      "AppProject homelab at examples/quickstart/root/project.yaml",
      "Application root at examples/quickstart/root/root.yaml",
    ]);
    expect(roots.leftOut).toEqual([]);
  });

  test("declares what its README says, in valid YAML", async () => {
    const content = await repository.content("examples/quickstart");
    const { applications, applicationSets, projects, broken } = content.declared;
    expect(applications).toHaveLength(15);
    expect(applicationSets.map(({ name }) => name)).toEqual(["sites"]);
    expect(projects).toHaveLength(4);
    expect(broken).toEqual([]);
    expect(await findYamlErrors(content.tree, "examples/quickstart")).toEqual([]);
    expect(applications.filter(({ automated }) => !automated)).toEqual([]);
  });

  test("has no source that leads nowhere", async () => {
    const content = await repository.content("examples/quickstart");
    const files = content.tree.files.map(({ path }) => path);
    const idle = findDeployers(content, isThisRepository).filter(({ deploys }) => !files.some(deploys));
    expect(idle.map(({ manifest }) => manifest.name)).toEqual([]);
  });

  test("needs no chart for Argo CD, and its objects are found", async () => {
    const content = await repository.content("examples/quickstart");
    expect(await findSelfManagement(content, isThisRepository)).toBeUndefined();
    const locate = await locator(content);
    expect(locate("StatefulSet", "feeds-database", "feeds")?.file).toMatch(
      /feeds-database\/stateful-set\.yaml$/,
    );
    expect(locate("Application", "site-blog")?.file).toMatch(/applications\/sites\.yaml$/);
  });
});

describe.skipIf(!existsSync(homelabs))("homelabs beside the checkout (../shared/homelabs)", () => {
  describe("vehagn-homelab", () => {
    const repository = useRepository(join(homelabs, "vehagn-homelab"));
    const isThisRepository = (url: string) => url === "https://github.com/vehagn/homelab";

    test("has its root in k8s/sets, by convention", async () => {
      const content = await repository.content();
      const roots = await findRoots({ content, configured: [], isThisRepository });
      expect(roots.parts).toMatchObject([{ kind: "kustomization", folder: "k8s/sets" }]);
      expect(listed(roots)).toEqual([
        "AppProject app-of-apps at k8s/sets/project.yaml",
        "Application infrastructure at k8s/sets/infrastructure.yaml",
        "Application applications at k8s/sets/applications.yaml",
      ]);
      expect(roots.leftOut).toEqual([]);
      expect(content.declared.applicationSets).toHaveLength(14);
    });

    test("installs Argo CD by a kustomization", async () => {
      const own = await findSelfManagement(await repository.content(), isThisRepository);
      expect(own).toMatchObject({
        chart: "argo-cd",
        repository: "https://argoproj.github.io/argo-helm",
        version: "9.2.2",
        release: "argocd",
        namespace: "argocd",
        missing: [],
        others: [],
        place: { file: "k8s/infra/controllers/argocd/kustomization.yaml" },
      });
      expect(own?.values.map(({ file }) => file)).toEqual(["k8s/infra/controllers/argocd/values.yaml"]);
    });

    test("takes charts, a base and a file from other hosts", async () => {
      const content = await repository.content();
      const roots = await findRoots({ content, configured: [], isThisRepository });
      const { sources, unknown } = await findRemoteSources({ content, isThisRepository, roots });
      expect(kinds(sources)).toEqual({ file: 1, git: 1, helm: 11, oci: 4 });
      expect(sources).toContainEqual({
        kind: "git",
        url: "https://github.com/intel/intel-device-plugins-for-kubernetes",
        version: "v0.35.0",
        reads: "revision",
        folder: "deployments/nfd/overlays/node-feature-rules",
        place: { file: "k8s/infra/controllers/node-feature-discovery/kustomization.yaml", line: 7 },
        by: "kustomization k8s/infra/controllers/node-feature-discovery",
      });
      expect(unknown).toEqual([]);
    });
  });

  describe("jamesdkelly88-kubernetes-lab", () => {
    const repository = useRepository(join(homelabs, "jamesdkelly88-kubernetes-lab"));
    const isThisRepository = (url: string) => url === "https://github.com/jamesdkelly88/kubernetes-lab.git";

    test("has three clusters, any of which could be meant", async () => {
      const content = await repository.content();
      const found = findRoots({ content, configured: [], isThisRepository });
      await expect(found).rejects.toThrow(/^3 places could be the root: .*alpha.*beta.*gamma/);
    });

    test("has the root that the configuration names", async () => {
      const content = await repository.content();
      const configured = [{ path: "clusters/beta/argocd.yaml", place: { file: ".rehearsal.yaml", line: 1 } }];
      const roots = await findRoots({ content, configured, isThisRepository });
      expect(listed(roots)).toEqual(["Application beta at clusters/beta/argocd.yaml"]);
      expect(roots.leftOut).toHaveLength(8);
    });

    test("takes the charts of its lists from other hosts, and those of one cluster alone from that root", async () => {
      const content = await repository.content();
      const all = await findRemoteSources({ content, isThisRepository });
      expect(kinds(all.sources)).toEqual({ file: 1, helm: 11 });
      expect(all.unknown).toEqual([]);
      const configured = [{ path: "clusters/beta/argocd.yaml", place: { file: ".rehearsal.yaml", line: 1 } }];
      const roots = await findRoots({ content, configured, isThisRepository });
      const { sources } = await findRemoteSources({ content, isThisRepository, roots });
      expect(sources.length).toBeLessThan(all.sources.length);
      expect(sources.filter(({ place }) => /^clusters\/(?:alpha|gamma)/.test(place.file))).toEqual([]);
    });
  });
});
