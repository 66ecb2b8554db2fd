import { describe, expect, it } from "vitest";
import { isAdmitted, type PodPatchSettings, patchPod } from "./pod-patch.ts";
import type { Container, PodTemplate } from "./pod-template.ts";
import { applyPatch, patchSettings, repoServerPod } from "./repo-server-fixture.ts";

function patched(pod: PodTemplate, settings: PodPatchSettings = patchSettings): PodTemplate {
  return applyPatch(pod, patchPod(pod, settings));
}

/** Each variable with its value; throws where one is there twice. */
function environment({ env = [] }: Container): Record<string, unknown> {
  const names = env.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error(`twice: ${names.join()}`);
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}

function mountsOf({ volumeMounts = [] }: Container): Record<string, string> {
  return Object.fromEntries(volumeMounts.map(({ mountPath, name }) => [mountPath, name]));
}

function container(pod: PodTemplate, index = 0): Container {
  const found = pod.spec.containers[index];
  if (!found) throw new Error("no such container");
  return found;
}

const bundle = "/rehearsal-trust/ca-bundle.pem";
const proxy = { secretKeyRef: { name: "rehearsal-1", key: "proxy-url" } };
const led = {
  HTTPS_PROXY: proxy,
  HTTP_PROXY: proxy,
  https_proxy: proxy,
  http_proxy: proxy,
  NO_PROXY: ".svc,.cluster.local,10.43.0.0/16",
  no_proxy: ".svc,.cluster.local,10.43.0.0/16",
  SSL_CERT_FILE: bundle,
  GIT_SSL_CAINFO: bundle,
};

describe("the repo-server's Pod", () => {
  it("has the proxy and the bundle in each container, and keeps what else it had", () => {
    const pod = patched(repoServerPod());
    expect(environment(container(pod))).toEqual({
      ...led,
      HELM_CACHE_HOME: "/helm-working-dir",
      REDIS_PASSWORD: { secretKeyRef: { name: "argocd-redis", key: "auth" } },
    });
    expect(environment(container(pod, 1))).toEqual(led);
    expect(pod.spec.initContainers?.map(environment)).toEqual([led]);
    expect(container(pod).envFrom).toEqual([{ configMapRef: { name: "more" } }]);
    for (const one of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])])
      expect(mountsOf(one)["/rehearsal-trust"]).toBe("rehearsal-1-bundle");
    expect(mountsOf(container(pod))).toMatchObject({ "/app/config/ssh": "ssh-known-hosts", "/tmp": "tmp" });
  });

  it("trusts the mirror for its hosts, and what it did for others", () => {
    const pod = patched(repoServerPod());
    expect(mountsOf(container(pod))["/app/config/tls"]).toBe("rehearsal-1-certificates");
    expect(mountsOf(container(pod, 1))).toEqual({ "/rehearsal-trust": "rehearsal-1-bundle" });
    expect(pod.spec.volumes?.slice(0, 4)).toEqual(repoServerPod().spec.volumes);
    expect(pod.spec.volumes?.slice(4)).toEqual([
      {
        name: "rehearsal-1-bundle",
        configMap: {
          name: "rehearsal-1",
          items: [{ key: "ca-bundle.pem", path: "ca-bundle.pem" }],
          defaultMode: 420,
        },
      },
      {
        name: "rehearsal-1-certificates",
        projected: {
          sources: [
            { configMap: { name: "argocd-tls-certs-cm", optional: true } },
            {
              configMap: {
                name: "rehearsal-1",
                items: [
                  { key: "ca-bundle.pem", path: "git.example.com" },
                  { key: "ca-bundle.pem", path: "www.git.example.com" },
                ],
              },
            },
          ],
          defaultMode: 420,
        },
      },
    ]);
  });

  it("has no other way to the mirror's hosts, and its other aliases", () => {
    expect(patched(repoServerPod()).spec.hostAliases).toEqual([
      { ip: "192.0.2.1", hostnames: ["git.example.com", "www.git.example.com"] },
      { ip: "172.18.0.1", hostnames: ["host.k3d.internal"] },
      { ip: "10.0.0.7", hostnames: ["nas.lan"] },
    ]);
  });

  it("has one alias an address, as the API demands", () => {
    const pod = repoServerPod();
    pod.spec.hostAliases = [{ ip: "172.18.0.1", hostnames: ["registry.lan"] }];
    expect(patched(pod).spec.hostAliases).toEqual([
      { ip: "192.0.2.1", hostnames: ["git.example.com", "www.git.example.com"] },
      { ip: "172.18.0.1", hostnames: ["host.k3d.internal", "registry.lan"] },
    ]);
  });

  it("bears the mark, beside its own annotations", () => {
    expect(patched(repoServerPod()).metadata?.annotations).toEqual({
      "checksum/cm": "1",
      "gitops-rehearsal/admitted": "token-of-this-rehearsal",
    });
  });

  it("needs none of the lists that it may have", () => {
    const bare: PodTemplate = {
      metadata: { labels: { "app.kubernetes.io/name": "argocd-repo-server" } },
      spec: { containers: [{ name: "a" }] },
    };
    const pod = patched(bare);
    expect(environment(container(pod))).toEqual(led);
    expect(mountsOf(container(pod))).toEqual({
      "/rehearsal-trust": "rehearsal-1-bundle",
      "/app/config/tls": "rehearsal-1-certificates",
    });
    expect(pod.spec.volumes?.map(({ name }) => name)).toEqual([
      "rehearsal-1-bundle",
      "rehearsal-1-certificates",
    ]);
    expect(pod.spec.initContainers).toBeUndefined();
    expect(pod.metadata?.annotations).toEqual({ "gitops-rehearsal/admitted": "token-of-this-rehearsal" });
  });

  it("is not given the credentials themselves", () => {
    expect(JSON.stringify(patchPod(repoServerPod(), patchSettings))).not.toMatch(/:\/\/[^"]*@/);
  });

  it("has no mounts that would hide the aliases or the certificates", () => {
    const pod = repoServerPod();
    container(pod).volumeMounts?.push(
      { name: "tmp", mountPath: "/etc/hosts", subPath: "hosts" },
      { name: "tmp", mountPath: "/app/config/tls/git.example.com", subPath: "x" },
      { name: "tmp", mountPath: "/rehearsal-trust/" },
      { name: "tmp", mountPath: "/app/config/tls/other.example", subPath: "x" },
    );
    expect(Object.keys(mountsOf(container(patched(pod)))).sort()).toEqual([
      "/app/config/ssh",
      "/app/config/tls",
      "/app/config/tls/other.example",
      "/rehearsal-trust",
      "/tmp",
    ]);
  });

  it("finds the certificates where ARGOCD_TLS_DATA_PATH says, and in a Secret as well", () => {
    const pod = repoServerPod();
    const main = container(pod);
    main.env?.push({ name: "ARGOCD_TLS_DATA_PATH", value: "/tls" });
    main.volumeMounts = [{ name: "own", mountPath: "/tls/" }];
    const items = [
      { key: "a", path: "git.example.com" },
      { key: "b", path: "other.example" },
    ];
    pod.spec.volumes = [{ name: "own", secret: { secretName: "certificates", items } }];
    const after = patched(pod);
    expect(mountsOf(container(after))).toMatchObject({ "/tls": "rehearsal-1-certificates" });
    expect(mountsOf(container(after))).not.toHaveProperty(["/tls/"]);
    expect(after.spec.volumes?.at(-1)).toMatchObject({
      projected: {
        // The API takes no path twice.
        sources: [
          {
            secret: { name: "certificates", items: [{ key: "b", path: "other.example" }], optional: true },
          },
          { configMap: { name: "rehearsal-1" } },
        ],
      },
    });
  });

  it("of hosts that are addresses has neither aliases nor files", () => {
    const pod = repoServerPod();
    delete pod.spec.hostAliases;
    const settings = {
      ...patchSettings,
      hosts: ["10.1.2.3", "fd00::1"],
      mirror: { host: "172.18.0.1", address: "172.18.0.1" },
    };
    const after = patched(pod, settings);
    expect(after.spec.hostAliases ?? []).toEqual([]);
    expect(after.spec.volumes?.at(-1)).toMatchObject({
      projected: { sources: [{ configMap: { name: "argocd-tls-certs-cm" } }] },
    });
  });

  it("leaves the mirror's name to the cluster's DNS where nothing else is known", () => {
    const settings = { ...patchSettings, mirror: { host: "mirror.lan", address: undefined } };
    expect(JSON.stringify(patched(repoServerPod(), settings).spec.hostAliases)).not.toContain("mirror.lan");
  });
});

describe("a patched Pod", () => {
  it("needs no patch, and is one that was admitted", () => {
    const pod = patched(repoServerPod());
    expect(patchPod(pod, patchSettings)).toEqual([]);
    expect(isAdmitted(pod, patchSettings)).toBe(true);
    expect(isAdmitted(repoServerPod(), patchSettings)).toBe(false);
  });

  it("is still one with what others inject", () => {
    const pod = patched(repoServerPod());
    container(pod).env?.unshift({ name: "INJECTED", value: "1" });
    container(pod).volumeMounts?.unshift({ name: "token", mountPath: "/var/run/secrets" });
    pod.spec.volumes?.unshift({ name: "token", emptyDir: {} });
    expect(isAdmitted(pod, patchSettings)).toBe(true);
  });

  it.each<[string, (pod: PodTemplate) => void]>([
    ["without the mark", (pod) => delete pod.metadata?.annotations?.["gitops-rehearsal/admitted"]],
    ["without the aliases", (pod) => delete pod.spec.hostAliases],
    ["with a proxy of its own", (pod) => container(pod).env?.push({ name: "HTTPS_PROXY", value: "" })],
    ["with more exceptions", (pod) => container(pod, 1).env?.push({ name: "NO_PROXY", value: "*" })],
    ["with a container more", (pod) => pod.spec.containers.push({ name: "injected" })],
    [
      "with its own way to a host",
      (pod) => pod.spec.hostAliases?.push({ ip: "1.2.3.4", hostnames: ["git.example.com"] }),
    ],
    [
      "with another bundle",
      (pod) => {
        const volume = pod.spec.volumes?.find(({ name }) => name === "rehearsal-1-certificates");
        if (volume) volume.projected = { sources: [{ configMap: { name: "other" } }], defaultMode: 420 };
      },
    ],
  ])("is not one %s", (_, change) => {
    const pod = patched(repoServerPod());
    change(pod);
    expect(isAdmitted(pod, patchSettings)).toBe(false);
  });
});

describe("other Pods", () => {
  const ofComponent = (component: string): PodTemplate => ({
    metadata: { labels: { "app.kubernetes.io/component": component } },
    spec: { containers: [{ name: "a", env: [{ name: "X", value: "1" }] }, { name: "b" }] },
  });

  it("the application controller keeps the health of resources in the status", () => {
    const name = "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH";
    const pod = ofComponent("application-controller");
    container(pod).env?.push({
      name,
      valueFrom: { configMapKeyRef: { name: "argocd-cmd-params-cm", key: "x" } },
    });
    const after = patched(pod);
    expect(environment(container(after))).toEqual({ X: "1", [name]: "true" });
    expect(after.spec.volumes).toBeUndefined();
    expect(after.metadata).toEqual(pod.metadata);
    expect(patchPod(after, patchSettings)).toEqual([]);
    expect(isAdmitted(after, patchSettings)).toBe(false);
  });

  it.each(["server", "applicationset-controller", "redis", "dex-server", "something"])(
    "%s is left alone",
    (component) => {
      expect(patchPod(ofComponent(component), patchSettings)).toEqual([]);
    },
  );

  it("without labels is left alone", () => {
    expect(patchPod({ spec: { containers: [{ name: "a" }] } }, patchSettings)).toEqual([]);
  });
});
