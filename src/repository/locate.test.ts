import { expect, test } from "vitest";
import { locateApplication, locator } from "./locate.ts";
import { application, committed, folderSet } from "./tree-fixture.ts";

const config = (name: string, namespace?: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    name: label\n  name: "${name}"${namespace ? `\n  namespace: ${namespace}` : ""}\ndata: {}\n`;

test("finds an object in any document of any plain manifest", async () => {
  await using repository = await committed({
    "a.yaml": `# about\n${config("one")}---\n# two\n${config("two", "x")}`,
    "broken.yaml": `${config("three")}oops: [\n`,
    "chart/Chart.yaml": "name: c",
    "chart/templates/t.yaml": config("templated"),
  });
  const locate = await locator(await repository.content());
  expect(locate("ConfigMap", "one", "anywhere")).toEqual({ file: "a.yaml", line: 3 });
  expect(locate("ConfigMap", "two", "x")).toEqual({ file: "a.yaml", line: 12 });
  expect(locate("ConfigMap", "two")).toEqual({ file: "a.yaml", line: 12 });
  expect(locate("ConfigMap", "two", "y")).toBeUndefined();
  expect(locate("ConfigMap", "three")?.file).toBe("broken.yaml");
  expect(locate("ConfigMap", "label")).toBeUndefined();
  expect(locate("ConfigMap", "templated")).toBeUndefined();
  expect(locate("Secret", "one")).toBeUndefined();
});

test("prefers the object of the namespace, and does not guess between equals", async () => {
  await using repository = await committed({
    "base.yaml": config("app"),
    "prod.yaml": config("app", "prod"),
    "left.yaml": config("twin", "x"),
    "right.yaml": config("twin", "x"),
  });
  const locate = await locator(await repository.content());
  expect(locate("ConfigMap", "app", "prod")?.file).toBe("prod.yaml");
  expect(locate("ConfigMap", "app", "dev")?.file).toBe("base.yaml");
  expect(locate("ConfigMap", "twin", "x")).toBeUndefined();
});

test("finds an Application, or the ApplicationSet that makes it", async () => {
  await using repository = await committed({
    "one.yaml": application("one", "x"),
    "sites.yaml": folderSet("sites", "sites/*"),
    "more.yaml": folderSet("more", "more/*"),
    "any.yaml": folderSet("any", "any/*").replace("any-{{ .path.basename }}", "{{ .path.basename }}"),
  });
  const { declared } = await repository.content();
  expect(locateApplication(declared, "one")?.file).toBe("one.yaml");
  expect(locateApplication(declared, "sites-blog")?.file).toBe("sites.yaml");
  expect(locateApplication(declared, "blog")).toBeUndefined();
  expect(locateApplication(declared, "blog", "any")?.file).toBe("any.yaml");
});
