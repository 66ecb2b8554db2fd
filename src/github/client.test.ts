import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { badGateway, secondaryLimit } from "../../test/github-api/failures.ts";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { silentLog } from "../runner/log.ts";
import { base, repository, stage } from "./api-fixture.ts";
import { connectGitHub } from "./client.ts";
import { branchTip } from "./pull-requests.ts";

describe.concurrent("the client", () => {
  it("tries again after 502s, broken connections and time-outs", async () => {
    await using on = await stage();
    on.api.fail(/GET/, [badGateway, { reset: "before" }, { hang: "before" }]);
    expect(await branchTip(on.connect({ requestTimeoutMs: 200 }), repository, "main")).toBe(base);
    expect(on.asked()).toHaveLength(4);
  });

  it("says what did not answer", async () => {
    await using on = await stage();
    on.api.fail(/GET/, Array(4).fill({ hang: "before" }));
    const asked = branchTip(on.connect({ requestTimeoutMs: 100 }), repository, "main");
    await expect(asked).rejects.toMatchObject({
      name: "InfrastructureError",
      message: "GitHub could not be asked to say where the branch main stands: no answer within 0.1 s",
    });
  });

  it("says what cannot be reached", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const apiUrl = `http://127.0.0.1:${port}`;
    const client = connectGitHub({ apiUrl, token: "writer", log: silentLog, secondMs: 1 });
    const error = await branchTip(client, repository, "main").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InfrastructureError);
    expect(error).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
  });

  it("takes no page of a proxy for an answer", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Please log in</html>");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = connectGitHub({ apiUrl, token: "writer", log: silentLog, secondMs: 1 });
    await expect(branchTip(client, repository, "main")).rejects.toMatchObject({
      name: "InfrastructureError",
      message: expect.stringContaining("the answer is no JSON"),
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("stops at once when it is aborted, while it asks and while it waits", async () => {
    for (const failure of [{ hang: "before" } as const, secondaryLimit(300)]) {
      await using on = await stage();
      on.api.fail(/GET/, [failure]);
      const abort = new AbortController();
      const client = on.connect({ signal: abort.signal, secondMs: 1_000 });
      const asked = branchTip(client, repository, "main");
      setTimeout(() => abort.abort(new Error("cancelled")), 100);
      const started = Date.now();
      await expect(asked).rejects.toThrow("cancelled");
      expect(Date.now() - started).toBeLessThan(2_000);
    }
  });

  it("says who it is, and sends its token to GitHub alone", async () => {
    await using on = await stage();
    await branchTip(on.client, repository, "main");
    expect(on.api.requests[0]?.login).toBe("github-actions[bot]");
    expect(on.api.takeViolations()).toEqual([]);
  });

  it("needs a token", () => {
    const options = { apiUrl: "https://api.github.com", token: "", log: silentLog };
    expect(() => connectGitHub(options)).toThrow(UsageError);
  });
});
