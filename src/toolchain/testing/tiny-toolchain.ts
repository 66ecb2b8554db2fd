import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageRoot } from "../../runner/package-root.ts";
import { packToolchain } from "../archive-format.ts";
import { toolchainContext } from "../context.ts";
import { readGoModule } from "../go-module.ts";
import { describeFolder, type Manifest } from "../manifest.ts";
import { argocdManifestsFolder, argocdScriptFiles, programs } from "../toolchain.ts";
import { recordingLog } from "./recording-log.ts";

export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const main = 'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("v1.2.3\\n") }\n';

/**
 * Modules like those of `ci/toolchain` that compile in a second: the same programs, each of which states
 * v1.2.3, of the same modules, at local folders. They ask for the Go release that the real ones do.
 */
export async function makeTinyModule(folder: string, files: Record<string, string> = {}): Promise<void> {
  const { goVersion } = await readGoModule(join(packageRoot(), "ci/toolchain"));
  const own = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "helm",
    "kustomize",
    "server",
  ];
  const others = {
    "github.com/argoproj/argo-cd/v3": "v3.9.1",
    "k8s.io/kubernetes": "v1.99.1",
    "helm.sh/helm/v4": "v4.9.1",
    "sigs.k8s.io/kustomize/kustomize/v5": "v5.9.1",
  };
  const local = Object.fromEntries(
    Object.keys(others).map((path) => [path, `./modules/${path.replaceAll("/", "-")}`]),
  );
  const argocd = local["github.com/argoproj/argo-cd/v3"];
  await writeFiles(folder, {
    "go.mod": [
      "module example.test/tiny",
      `go ${goVersion}`,
      ...Object.entries(others).map(([path, version]) => `require ${path} ${version} // indirect`),
      ...Object.entries(local).map(([path, place]) => `replace ${path} => ${place}`),
      ...own.map((name) => `tool example.test/tiny/cmd/${name}`),
      "tool github.com/argoproj/argo-cd/v3/cmd",
      "",
    ].join("\n"),
    "go.sum": "",
    ...Object.fromEntries(own.map((name) => [`cmd/${name}/main.go`, main])),
    "redis/main.go": main,
    "k3d/go.mod": [
      "module example.test/tiny/k3d",
      `go ${goVersion}`,
      "require github.com/k3d-io/k3d/v5 v5.9.1 // indirect",
      "replace github.com/k3d-io/k3d/v5 => ../modules/k3d",
      "tool github.com/k3d-io/k3d/v5",
      "",
    ].join("\n"),
    "k3d/go.sum": "",
    "modules/k3d/go.mod": `module github.com/k3d-io/k3d/v5\n\ngo ${goVersion}\n`,
    "modules/k3d/main.go": main,
    ...Object.fromEntries(
      Object.entries(local).map(([path, place]) => [
        `${place}/go.mod`,
        `module ${path}\n\ngo ${goVersion}\n`,
      ]),
    ),
    [`${argocd}/cmd/main.go`]: main,
    ...argocdFiles(`${argocd}/`),
    ...files,
  });
}

function argocdFiles(prefix: string): Record<string, string> {
  const paths = [
    ...argocdScriptFiles,
    `${argocdManifestsFolder}/install.yaml`,
    `${argocdManifestsFolder}/crds/a.yaml`,
  ];
  return Object.fromEntries(paths.map((path) => [`${prefix}${path.slice("argocd/".length)}`, `# ${path}\n`]));
}

/** A toolchain whose programs are scripts that state v1.2.3, and the manifest that it would have. */
export async function makeToolchainFolder(
  folder: string,
  about: { key: string; platform: { os: string; arch: string } },
  files: Record<string, string> = {},
): Promise<Manifest> {
  await writeFiles(folder, {
    ...Object.fromEntries(
      programs.map((name) => [`bin/${name}`, `#!/bin/sh\necho "v1.2.3" # ${name} ${"x".repeat(2000)}\n`]),
    ),
    ...argocdFiles("argocd/"),
    ...files,
  });
  return describeFolder(folder, { ...about, origin: "made by a test" });
}

/** A module, an empty cache, and an archive that holds what that module stands for. */
export async function makeWorld(folder: string, about: { key?: string; arch?: string } = {}) {
  const module = join(folder, "module");
  await makeTinyModule(module);
  const log = recordingLog();
  const options = { module, cache: join(folder, "cache"), log };
  const context = await toolchainContext(options);
  const { platform } = context;
  const manifest = await makeToolchainFolder(join(folder, "source"), {
    key: about.key ?? context.key,
    platform: { ...platform, arch: about.arch ?? platform.arch },
  });
  const archive = join(folder, "archive.tar.zst");
  const { sha256 } = await packToolchain(join(folder, "source"), manifest, archive);
  return { module, log, options, context, source: join(folder, "source"), manifest, archive, sha256 };
}
