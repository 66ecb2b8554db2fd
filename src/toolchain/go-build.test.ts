import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InfrastructureError } from "../runner/errors.ts";
import { packageRoot } from "../runner/package-root.ts";
import type { BuildPlan } from "./build-progress.ts";
import { type GoBuildRequest, goBuild } from "./go-build.ts";
import { readGoModule } from "./go-module.ts";
import { thisPlatform } from "./platform.ts";
import { goEnvironment } from "./recipe.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { writeFiles } from "./testing/tiny-toolchain.ts";

/** Different each time, as Go remembers what it has compiled. */
const hello = `package main\n\nfunc main() { println("hello ${Date.now()}") }\n`;

/** A module with two tools; needs Go's runtime only, which a build of the real toolchain left in its cache. */
async function makeModule(files: Record<string, string> = {}) {
  const folder = await tempFolder();
  const { goVersion } = await readGoModule(join(packageRoot(), "ci/toolchain"));
  const tools = ["example.test/two/cmd/one", "example.test/two/cmd/other"];
  await writeFiles(join(folder, "module"), {
    "go.mod": `module example.test/two\n\ngo ${goVersion}\n\n${tools.map((tool) => `tool ${tool}\n`).join("")}`,
    "cmd/one/main.go": hello,
    "cmd/other/main.go": hello,
    ...files,
  });
  const reports: string[] = [];
  const linked: string[] = [];
  const plans: BuildPlan[] = [];
  const request = {
    folder: join(folder, "module"),
    recipe: {
      flags: ["-trimpath", "-buildvcs=false", "-pgo=off"],
      packages: ["tool"],
      env: goEnvironment({ goVersion }, thisPlatform()),
    },
    output: join(folder, "output"),
    temp: join(folder, "temp"),
    report: (detail) => reports.push(detail),
    onLinked: (name) => linked.push(name),
    onPlan: (plan) => void plans.push(plan),
  } satisfies GoBuildRequest;
  return { request, reports, linked, plans };
}

/** Something that the compiler is busy with for a long time, and that no cache has. */
function hugePackage(): string {
  const sums = Array.from({ length: 400 }, (_, row) => `a[${row}]*b[${row}]`).join("+");
  const functions = Array.from(
    { length: 400 },
    (_, index) => `func f${index}(a, b []float64) float64 { return ${sums} + ${index}${Date.now()} }`,
  );
  return `package main\n\n${functions.join("\n")}\n\nfunc main() {}\n`;
}

describe("go build", () => {
  it("makes all tools, and tells how far it is", async () => {
    const { request, reports, linked, plans } = await makeModule();
    await goBuild(request);
    expect((await readdir(request.output)).sort()).toEqual(["one", "other"]);
    expect(spawnSync(join(request.output, "one")).stderr.toString()).toMatch(/^hello \d+\n$/);
    expect(linked.sort()).toEqual(["one", "other"]);
    expect([...(plans[0]?.programs.keys() ?? [])].sort()).toEqual(["one", "other"]);
    expect([...(plans[0]?.stale ?? [])].filter((path) => path.startsWith("example.test/")).sort()).toEqual([
      "example.test/two/cmd/one",
      "example.test/two/cmd/other",
    ]);
    expect(reports[0]).toBe("reading the modules");
    expect(reports.at(-1)).toMatch(/^(\d+) of \1 packages · 2 of 2 programs linked$/);
  });

  it("counts as compiled what an earlier build has left in Go's cache", async () => {
    const { request, plans } = await makeModule();
    await goBuild(request);
    await goBuild({ ...request, output: `${request.output}-2` });
    expect([...(plans[1]?.stale ?? ["?"])]).toEqual([]);
  });

  it("fails with the compiler's words", async () => {
    const { request } = await makeModule({
      "cmd/other/main.go": "package main\n\nfunc main() { nonsense() }\n",
    });
    await expect(goBuild(request)).rejects.toThrow(
      /^building the toolchain failed: # example\.test\/two\/cmd\/other \| cmd\/other\/main\.go:3:15: undefined: nonsense$/,
    );
  });

  it("fails where a module cannot be downloaded", async () => {
    const { request } = await makeModule({
      "cmd/other/main.go": 'package main\n\nimport _ "example.test/absent"\n\nfunc main() {}\n',
    });
    const { env } = request.recipe;
    const recipe = { ...request.recipe, env: { ...env, GOPROXY: "off", GOFLAGS: "-mod=mod" } };
    const failure = goBuild({ ...request, recipe });
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow(
      "Go could not download what it needs while reading the toolchain's modules: module lookup disabled by GOPROXY=off",
    );
  });

  it("does not begin where the plan is refused", async () => {
    const { request } = await makeModule();
    const onPlan = () => Promise.reject(new InfrastructureError("no room"));
    await expect(goBuild({ ...request, onPlan })).rejects.toThrow("no room");
    expect(await readdir(request.output)).toEqual([]);
  });

  it("ends with every compiler when aborted", async () => {
    const { request, reports } = await makeModule({ "cmd/other/main.go": hugePackage() });
    const abort = new AbortController();
    const failure = goBuild({ ...request, signal: abort.signal });
    failure.catch(() => undefined);
    const compilers = () => processesNaming(request.temp).filter((line) => line.includes("/compile "));
    await expect.poll(compilers, { timeout: 10_000 }).not.toEqual([]);
    abort.abort(new Error("enough"));
    await expect(failure).rejects.toThrow("enough");
    expect(processesNaming(request.temp)).toEqual([]);
    expect(reports.at(-1)).toMatch(/ of \d+ packages · \d of 2 programs linked/);
  });

  it("is not disturbed by a workspace or flags of the user's", async () => {
    const { request } = await makeModule();
    await mkdir(join(request.folder, "../elsewhere"));
    await writeFiles(join(request.folder, ".."), { "go.work": "go 1.24\n\nuse ./elsewhere\n" });
    await goBuild(request);
    expect(existsSync(join(request.output, "one"))).toBe(true);
  });
});

/** Command lines of live processes that have `text` in them. */
function processesNaming(text: string): string[] {
  const listing = spawnSync("ps", ["-eo", "stat=,args="], { encoding: "utf8" }).stdout;
  return listing.split("\n").filter((line) => line.includes(text) && !line.startsWith("Z"));
}
