import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../../src/runner/errors.ts";
import { run } from "../../src/runner/process.ts";
import { installMissing } from "../docker.ts";
import { cached, keyOf, type Workshop } from "./cache.ts";

/** One root file system serves all images that need one, so that nodes store it once. */
const packages = [
  ...[
    "runc",
    "iptables",
    "iproute2",
    "conntrack",
    "kmod",
    "mount",
    "util-linux",
    "procps",
    "ethtool",
    "socat",
  ],
  ...["ca-certificates", "git", "git-lfs", "openssh-client", "gpg", "gpg-agent", "tini", "busybox-static"],
];

/** Nothing that runs here reads these; git's Perl scripts are not used by Argo CD. */
const left = [
  ...["./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./usr/share/perl"],
  ...["./usr/lib/*/perl", "./var/cache/apt", "./var/lib/apt", "./var/log/*", "./dev/*", "./debootstrap"],
];

/** A root file system of this machine's own release of Debian or Ubuntu, as `docker import` takes it. */
export async function baseArchive(workshop: Workshop): Promise<{ path: string; key: string }> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1];
  if (suite === undefined || process.getuid?.() !== 0)
    throw new InfrastructureError("the stand-in's images can be made by root on Debian or Ubuntu only");
  const components = /^ID=ubuntu/m.test(release) ? ["--components=main,universe"] : [];

  const key = keyOf(suite, components, packages, left);
  const title = `Making a root file system of ${suite} (once)`;
  const folder = await cached(workshop, { name: "base", key, title }, async (staging, step) => {
    await installMissing({ debootstrap: "debootstrap" }, { report: step.update, signal: workshop.signal });
    const root = join(staging, "root");
    const args = ["--variant=minbase", ...components, `--include=${packages.join(",")}`, suite, root];
    // In a mount namespace of its own: what it mounts in there must be gone before anything is removed.
    await run("unshare", ["--mount", "debootstrap", ...args], {
      signal: workshop.signal,
      onLine: (line) => step.update(line.replace(/^I: /, "")),
    });
    step.update("packing");
    const excluded = left.map((path) => `--exclude=${path}`);
    await run("tar", ["-C", root, "--numeric-owner", ...excluded, "-cf", join(staging, "base.tar"), "."], {
      signal: workshop.signal,
    });
    await rm(root, { recursive: true });
  });
  return { path: join(folder, "base.tar"), key };
}
