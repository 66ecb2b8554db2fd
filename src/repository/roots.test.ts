import { describe, expect, test } from "vitest";
import { ChangeError, isExpected, UsageError } from "../runner/errors.ts";
import { findRoots, type Roots } from "./roots.ts";
import { application, type CommittedFiles, committed, folderSet, isOwn, project } from "./tree-fixture.ts";
import { mapping } from "./untyped.ts";

interface Wanted {
  scope?: string;
  roots?: string[];
}

async function rootsOf(files: CommittedFiles, { scope = "", roots = [] }: Wanted = {}): Promise<Roots> {
  await using repository = await committed(files);
  const configured = roots.map((path) => ({ path, place: { file: ".rehearsal.yaml", line: 2 } }));
  return await findRoots({ content: await repository.content(scope), configured, isThisRepository: isOwn });
}

async function refusalOf(files: CommittedFiles, wanted?: Wanted) {
  const error = await rootsOf(files, wanted).catch((error: unknown) => error);
  if (!isExpected(error)) throw new Error("no refusal", { cause: error });
  return error;
}

/** `Kind name at file:line` of everything to apply, in order. */
function listed({ parts }: Roots): string[] {
  return parts.flatMap(({ manifests }) =>
    manifests.map(
      ({ manifest, place }) =>
        `${manifest.kind} ${mapping(manifest.metadata).name} at ${place.file}:${place.line}`,
    ),
  );
}

const tree = {
  "areas/one.yaml": application("one", "apps/one"),
  "areas/two.yaml": application("two", "apps/two"),
  "apps/one/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: one}\n",
};

describe("by convention", () => {
  test("the Application that nothing else deploys, with its project and Namespace first", async () => {
    const roots = await rootsOf({
      ...tree,
      "root/root.yaml": application("root", "areas"),
      "root/project.yaml": project("homelab"),
      "root/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd}\n",
      "root/unrelated.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
      "root/README.md": "# Root",
    });
    expect(listed(roots)).toEqual([
      "Namespace argocd at root/namespace.yaml:2",
      "AppProject homelab at root/project.yaml:2",
      "Application root at root/root.yaml:2",
    ]);
    expect(roots.origin).toBe("convention");
    expect(roots.leftOut).toEqual([]);
  });

  test("each of several that stand together, at the top of the repository too", async () => {
    const roots = await rootsOf(tree, { scope: "areas" });
    expect(listed(roots)).toEqual([
      "Application one at areas/one.yaml:2",
      "Application two at areas/two.yaml:2",
    ]);
    const top = await rootsOf({ "app.yaml": application("app", "k8s"), "k8s/x.yaml": "a: 1" });
    expect(listed(top)).toEqual(["Application app at app.yaml:2"]);
  });

  test("a root that deploys its own file", async () => {
    const roots = await rootsOf({
      "apps/root.yaml": application("root", "apps"),
      "apps/one.yaml": application("one", "workloads/one"),
    });
    expect(listed(roots)).toEqual(["Application root at apps/root.yaml:2"]);
  });

  test("a kustomization that holds the roots together", async () => {
    const roots = await rootsOf({
      ...tree,
      "sets/kustomization.yaml": "resources: [apps/root.yaml, projects/p.yaml]\n",
      "sets/apps/root.yaml": application("root", "areas"),
      "sets/projects/p.yaml": project("homelab"),
    });
    expect(roots.parts).toMatchObject([{ kind: "kustomization", folder: "sets" }]);
    expect(listed(roots)).toEqual([
      "AppProject homelab at sets/projects/p.yaml:2",
      "Application root at sets/apps/root.yaml:2",
    ]);
  });

  test("not a kustomization that needs the network", async () => {
    const roots = await rootsOf({
      ...tree,
      "sets/kustomization.yaml":
        "resources: [root.yaml, 'https://github.com/argoproj/argo-cd//manifests?ref=v3']\n",
      "sets/root.yaml": application("root", "areas"),
    });
    expect(roots.parts.map(({ kind }) => kind)).toEqual(["manifests"]);
    expect(listed(roots)).toEqual(["Application root at sets/root.yaml:2"]);
  });

  test("the group that leads further, and what it leaves out", async () => {
    const roots = await rootsOf({
      ...tree,
      "start/here.yaml": application("start", "areas"),
      "docs/example.yaml": application("example", "nowhere"),
    });
    expect(listed(roots)).toEqual(["Application start at start/here.yaml:2"]);
    expect(roots.leftOut.map(({ name, place }) => `${name} ${place.file}`)).toEqual([
      "example docs/example.yaml",
    ]);
  });

  test("a chart that makes Applications leads further too", async () => {
    const roots = await rootsOf({
      "start/here.yaml": application("start", "chart"),
      "chart/Chart.yaml": "name: apps",
      "chart/templates/apps.yaml": application("{{ .name }}", "x"),
      "docs/example.yaml": application("example", "nowhere"),
    });
    expect(listed(roots)).toEqual(["Application start at start/here.yaml:2"]);
  });

  test("the one with a root's name, where several lead further", async () => {
    const roots = await rootsOf({
      ...tree,
      "cluster/app-of-apps.yaml": application("everything", "areas"),
      "preview/set.yaml": folderSet("previews", "previews/*"),
    });
    expect(listed(roots)).toEqual(["Application everything at cluster/app-of-apps.yaml:2"]);
    expect(roots.leftOut.map(({ name }) => name)).toEqual(["previews"]);
  });

  test("with the project that it names, wherever that stands", async () => {
    const roots = await rootsOf({
      ...tree,
      "root.yaml": application("root", "areas").replace("project: default", "project: homelab"),
      "projects/homelab.yaml": project("homelab"),
      "projects/other.yaml": project("other"),
    });
    expect(listed(roots)).toEqual([
      "AppProject homelab at projects/homelab.yaml:2",
      "Application root at root.yaml:2",
    ]);
  });

  test("not a patch of an Application", async () => {
    const roots = await rootsOf({
      "root.yaml": application("root", "overlay"),
      "overlay/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
      "overlay/patch.yaml": application("one", "apps/other"),
      "elsewhere/partial.yaml":
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: one}\n",
      "base/kustomization.yaml": "resources: [one.yaml]\n",
      "base/one.yaml": application("one", "apps/one"),
    });
    expect(listed(roots)).toEqual(["Application root at root.yaml:2"]);
  });
});

describe("by convention, refused", () => {
  test("several that could be it: each with its place, and what to write", async () => {
    const files = {
      "clusters/alpha/a.yaml": folderSet("alpha", "apps/*"),
      "clusters/beta/b.yaml": folderSet("beta", "apps/*"),
    };
    const error = await refusalOf(files);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(
      "2 places could be the root: clusters/alpha/a.yaml (ApplicationSet alpha at clusters/alpha/a.yaml:2); clusters/beta/b.yaml (ApplicationSet beta at clusters/beta/b.yaml:2)",
    );
    expect(error.where).toEqual({ file: "clusters/alpha/a.yaml", line: 2 });
    expect(error.fix).toBe("Choose one or more in .rehearsal.yaml, such as: roots: [clusters/alpha/a.yaml].");
    const scoped = await refusalOf(files, { scope: "clusters" });
    expect(scoped.fix).toBe(
      "Choose one or more in clusters/.rehearsal.yaml, such as: roots: [alpha/a.yaml].",
    );
  });

  test("none at all: where was looked, and into how many files", async () => {
    const error = await refusalOf(
      { "k8s/a.yaml": "a: 1", "k8s/b.json": "{}", "k8s/c.txt": "" },
      { scope: "k8s" },
    );
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(
      "no root Application: none of the 2 YAML and JSON files in k8s holds an Application or ApplicationSet of Argo CD",
    );
  });

  test("none, because each deploys the other", async () => {
    const error = await refusalOf({ "a/a.yaml": application("a", "b"), "b/b.yaml": application("b", "a") });
    expect(error.message).toMatch(/each of the 2 .* is deployed by another/);
  });

  test("a root that does not parse: its children are not mistaken for roots", async () => {
    const error = await refusalOf({
      ...tree,
      "root.yaml": application("root", "areas").replace("  source:", "\tsource:"),
    });
    expect(error).toBeInstanceOf(ChangeError);
    expect(error.where).toEqual({ file: "root.yaml", line: 8 });
    expect(error.message).toMatch(/does not parse: Tabs/);
  });

  test("but not a child that does not parse: that is for Argo CD to say", async () => {
    const roots = await rootsOf({
      ...tree,
      "root.yaml": application("root", "areas"),
      "areas/two.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: [\n",
    });
    expect(listed(roots)).toEqual(["Application root at root.yaml:2"]);
  });
});

describe("as configured", () => {
  const clusters = {
    "clusters/alpha/set.yaml": folderSet("alpha", "apps/*"),
    "clusters/beta/all.yaml": `${application("beta", "apps")}---\n${project("beta")}---\napiVersion: v1\nkind: Secret\nmetadata: {name: repository}\n`,
    "clusters/beta/more/deep.yaml": application("deep", "apps"),
    "clusters/gamma/kustomization.yaml": "resources: [set.yaml]\n",
    "clusters/gamma/set.yaml": folderSet("gamma", "apps/*"),
  };

  test("a file with everything in it, AppProjects first", async () => {
    const roots = await rootsOf(clusters, { roots: ["clusters/beta/all.yaml"] });
    expect(listed(roots)).toEqual([
      "AppProject beta at clusters/beta/all.yaml:18",
      "Application beta at clusters/beta/all.yaml:2",
      "Secret repository at clusters/beta/all.yaml:27",
    ]);
    expect(roots.origin).toBe("configuration");
    expect(roots.leftOut.map(({ name }) => name).sort()).toEqual(["alpha", "deep", "gamma"]);
  });

  test("a folder, without those below it; and a folder with a kustomization", async () => {
    const roots = await rootsOf(clusters, { roots: ["clusters/beta", "clusters/gamma"] });
    expect(listed(roots)).toEqual([
      "AppProject beta at clusters/beta/all.yaml:18",
      "Application beta at clusters/beta/all.yaml:2",
      "ApplicationSet gamma at clusters/gamma/set.yaml:2",
    ]);
    expect(roots.parts.map(({ kind }) => kind)).toEqual(["manifests", "kustomization"]);
  });

  test("that is not there: what was meant, and where it says so", async () => {
    const error = await refusalOf(clusters, { roots: ["clusters/beta/al.yaml"] });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/^the root clusters\/beta\/al\.yaml is not in commit [0-9a-f]{12}$/);
    expect(error.where).toEqual({ file: ".rehearsal.yaml", line: 2 });
    expect(error.fix).toMatch(/^Did you mean clusters\/beta\/all\.yaml/);
  });

  test("that holds no Application, or does not parse", async () => {
    const empty = await refusalOf({ ...clusters, "x.yaml": project("x") }, { roots: ["x.yaml"] });
    expect(empty.message).toBe("the root x.yaml holds no Application and no ApplicationSet");
    const broken = await refusalOf({ ...clusters, "x.yaml": "a: 1\na: 2\n" }, { roots: ["x.yaml"] });
    expect(broken).toBeInstanceOf(ChangeError);
    expect(broken.where).toEqual({ file: "x.yaml", line: 2 });
  });
});
