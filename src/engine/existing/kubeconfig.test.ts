import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { UsageError } from "../../runner/errors.ts";
import { accessOf, loadKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

interface Described {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  namespace?: string;
  current?: string;
}

/** A kubeconfig whose cluster, user and context all have one name. */
async function write(path: string, name: string, { cluster, user, namespace, current }: Described = {}) {
  const file = join(folder, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(
    file,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server: `https://${name}.example.com:6443`, ...cluster } }],
      users: [{ name, user: { token: `token of ${name}`, ...user } }],
      contexts: [{ name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } }],
      ...(current === undefined ? {} : { "current-context": current }),
    }),
  );
  return file;
}

async function errorOf(work: Promise<unknown>): Promise<UsageError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof UsageError)) throw new Error(`no UsageError: ${error}`);
  return error;
}

describe("kubeconfigs", () => {
  test("of KUBECONFIG are merged, the first to name something wins, and a missing one is none", async () => {
    const first = await write("first", "one", { user: { token: "first" } });
    const second = await write("second", "one", { user: { token: "second" }, current: "two" });
    const third = await write("third", "two", { current: "one" });
    const KUBECONFIG = [first, join(folder, "missing"), second, third].join(delimiter);
    const config = await loadKubeconfig({ KUBECONFIG });
    expect(config.contexts.map(({ name }) => name)).toEqual(["one", "two"]);
    expect(config.current).toBe("two");
    expect(config.files).toEqual([first, second, third]);
    const { minified } = await accessOf(config, "one");
    expect(minified.users).toEqual([{ name: "one", user: { token: "first" } }]);
  });

  test("are looked for in the home folder by default", async () => {
    await write(".kube/config", "home", { current: "home" });
    expect((await loadKubeconfig({ HOME: folder })).current).toBe("home");
    expect((await loadKubeconfig({ HOME: folder, KUBECONFIG: "" })).current).toBe("home");
  });

  test("that are not there are a wrong use, and named", async () => {
    const error = await errorOf(loadKubeconfig({ HOME: folder }));
    expect(error.message).toBe(`there is no kubeconfig: ${join(folder, ".kube/config")} does not exist`);
  });

  test.each([
    ["a: [", /is no kubeconfig: /],
    ["- a", /is no kubeconfig: it is no mapping$/],
  ])("that are none are a wrong use: %j", async (text, message) => {
    await writeFile(join(folder, "bad"), text);
    expect((await errorOf(loadKubeconfig({ KUBECONFIG: join(folder, "bad") }))).message).toMatch(message);
  });
});

describe("a context", () => {
  test("that is not there is a wrong use, with the nearest", async () => {
    const config = await loadKubeconfig({ KUBECONFIG: await write("file", "kind-homelab") });
    const error = await errorOf(accessOf(config, "kind-homlab"));
    expect(error.message).toBe(`there is no context kind-homlab in ${join(folder, "file")}`);
    expect(error.fix).toBe("Did you mean kind-homelab?");
    expect((await errorOf(accessOf(config, "x"))).fix).toBe("There are kind-homelab.");
  });

  test("has to be named where none is the current one", async () => {
    const config = await loadKubeconfig({ KUBECONFIG: await write("file", "one") });
    expect((await errorOf(accessOf(config, undefined))).message).toMatch(/^no context is the current one/);
  });

  test("whose cluster nobody describes is a wrong use", async () => {
    const path = join(folder, "file");
    const context = { cluster: "gone", user: "gone" };
    await writeFile(path, stringify({ contexts: [{ name: "a", context }], "current-context": "a" }));
    const config = await loadKubeconfig({ KUBECONFIG: path });
    expect((await errorOf(accessOf(config, undefined))).message).toBe(
      "context a names a cluster gone that no kubeconfig describes",
    );
  });

  test("is written self-contained, for its user alone", async () => {
    await mkdir(join(folder, "deep"));
    for (const name of ["ca", "cert", "key"]) await writeFile(join(folder, "deep", name), name);
    const KUBECONFIG = await write("deep/file", "one", {
      namespace: "team",
      current: "one",
      cluster: {
        "certificate-authority": "ca",
        "tls-server-name": "other",
        extensions: [{ name: "x", extension: {} }],
      },
      user: {
        "client-certificate": "cert",
        "client-certificate-data": Buffer.from("data wins").toString("base64"),
        "client-key": join(folder, "deep/key"),
        tokenFile: "token",
        exec: { command: "./bin/login", args: ["./stays"], interactiveMode: "Never" },
        "auth-provider": { name: "x", config: { "cmd-path": "tools/x" } },
      },
    });
    const access = await accessOf(await loadKubeconfig({ KUBECONFIG }), undefined);
    expect(access).toMatchObject({
      context: "one",
      cluster: "one",
      user: "one",
      namespace: "team",
      server: "https://one.example.com:6443",
      proxied: false,
    });
    const path = await writeKubeconfig(access, folder);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    expect(parse(await readFile(path, "utf8"))).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "one",
          cluster: {
            server: "https://one.example.com:6443",
            "tls-server-name": "other",
            "certificate-authority-data": base64("ca"),
          },
        },
      ],
      users: [
        {
          name: "one",
          user: {
            token: "token of one",
            "client-certificate-data": base64("data wins"),
            "client-key-data": base64("key"),
            tokenFile: join(folder, "deep/token"),
            exec: {
              command: join(folder, "deep/bin/login"),
              args: ["./stays"],
              interactiveMode: "Never",
            },
            "auth-provider": { name: "x", config: { "cmd-path": join(folder, "deep/tools/x") } },
          },
        },
      ],
      contexts: [{ name: "one", context: { cluster: "one", user: "one" } }],
      "current-context": "one",
    });
  });

  test("a plugin in the PATH stays there; a file that is missing is named", async () => {
    const exec = { command: "aws", apiVersion: "v1" };
    const plain = await loadKubeconfig({ KUBECONFIG: await write("plain", "one", { user: { exec } }) });
    expect((await accessOf(plain, "one")).minified.users).toMatchObject([{ user: { exec } }]);
    const missing = { "client-key": "missing.key" };
    const broken = await loadKubeconfig({ KUBECONFIG: await write("broken", "one", { user: missing }) });
    expect((await errorOf(accessOf(broken, "one"))).message).toContain(join(folder, "missing.key"));
  });
});
