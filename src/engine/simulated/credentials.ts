import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { createAuthority, type KeyPair } from "../../runner/certificates.ts";

/** Files that only the current user can read, by their absolute paths. */
export interface Credentials {
  authority: { certificate: string; key: string };
  apiServer: { certificate: string; key: string };
  /** Proves the API server to aggregated API servers. */
  frontProxy: { certificate: string; key: string };
  serviceAccounts: { certificate: string; key: string };
  /** May do everything. */
  adminKubeconfig: string;
  schedulerKubeconfig: string;
  /** For requests of our own before there is a client. */
  admin: KeyPair & { authority: string };
  /** Makes one for a server under this name, which the API server trusts where it is told of no authority. */
  issueFor(name: string): Promise<KeyPair>;
}

/** Makes an authority of its own for one cluster, and with it what each component needs to be trusted. */
export async function issueCredentials(folder: string, server: string): Promise<Credentials> {
  const authority = await createAuthority("rehearsal-simulated");
  const [apiServer, frontProxy, admin, scheduler, serviceAccount] = await Promise.all([
    authority.issue({
      commonName: "kube-apiserver",
      names: ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
    }),
    authority.issue({ commonName: "front-proxy" }),
    authority.issue({ commonName: "rehearsal", organizations: ["system:masters"] }),
    authority.issue({ commonName: "system:kube-scheduler" }),
    authority.issue({ commonName: "service-accounts" }),
  ]);
  const store = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const storePair = async (name: string, pair: KeyPair) => ({
    certificate: await store(`${name}.crt`, pair.certificate),
    key: await store(`${name}.key`, pair.key),
  });
  const kubeconfig = (name: string, pair: KeyPair) =>
    store(
      `${name}.kubeconfig`,
      kubeconfigText({ server, authority: authority.certificate, user: certificateUser(pair) }),
    );
  return {
    authority: await storePair("ca", authority),
    apiServer: await storePair("apiserver", apiServer),
    frontProxy: await storePair("front-proxy", frontProxy),
    serviceAccounts: await storePair("service-accounts", serviceAccount),
    adminKubeconfig: await kubeconfig("admin", admin),
    schedulerKubeconfig: await kubeconfig("scheduler", scheduler),
    admin: { ...admin, authority: authority.certificate },
    issueFor: (name) => authority.issue({ commonName: "absent-backend", names: [name] }),
  };
}

function certificateUser(pair: KeyPair): Record<string, string> {
  return { "client-certificate-data": base64(pair.certificate), "client-key-data": base64(pair.key) };
}

function kubeconfigText(access: { server: string; authority: string; user: Record<string, string> }): string {
  const { server, authority, user } = access;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "rehearsal", cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name: "rehearsal", user }],
    contexts: [{ name: "rehearsal", context: { cluster: "rehearsal", user: "rehearsal" } }],
    "current-context": "rehearsal",
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
