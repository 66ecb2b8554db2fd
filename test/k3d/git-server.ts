import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bridgeAddress } from "../../ci/stand-in/registry-server.ts";
import { createGitBackend, type GitBackend } from "../../src/mirror/git-backend.ts";
import { run } from "../../src/runner/process.ts";

/** A Git host of its own, such as a Gitea at home, which Pods reach at `address` if they know it by `host`. */
export interface GitServer extends AsyncDisposable {
  host: string;
  address: string;
  /** Of the one repository that it has. */
  url: string;
  /** Serves a copy of the branch `main` of the checkout in `folder`. */
  serve(folder: string): Promise<void>;
  /** How often it was asked. */
  requests(): number;
}

export async function startGitServer(): Promise<GitServer> {
  const folder = await mkdtemp(join(tmpdir(), "git-server-"));
  const copy = join(folder, "homelab.git");
  const host = "git.home.arpa";
  const address = await bridgeAddress();
  let backend: GitBackend | undefined;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const kind = request.url?.includes("/info/refs") ? "refs" : "fetch";
    void backend?.answer(request, response, kind, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host,
    address,
    url: `http://${host}:${port}/you/homelab.git`,
    requests: () => requests,
    async serve(checkout) {
      await run("git", ["clone", "--quiet", "--bare", "--branch=main", checkout, copy]);
      backend = await createGitBackend(copy);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
