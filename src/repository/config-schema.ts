import { z } from "zod";
import { protectedSettings } from "./protected-settings.ts";

/** Each message completes the sentence "accepted is …". */
const words = (accepted: string) => z.string(accepted).min(1, accepted);
const section = <T extends z.ZodRawShape>(shape: T, accepted: string) =>
  z.strictObject(shape, accepted).partial();

const durationWords = "a duration, such as 90s, 10m or 1h30m";
const duration = z.string(durationWords).regex(/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/, durationWords);
const url = words("a URL");
const variable = z
  .string("the name of an environment variable")
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable");
const path = words("a path relative to this file");

/** The keys of `.rehearsal.yaml`. The JSON Schema that editors read is generated from this. */
export const configSchema = section(
  {
    repository: section(
      {
        url: url.describe(
          "The URL that manifests use for this repository, such as https://github.com/you/homelab.git.",
        ),
        aliases: z.array(url, "a list of URLs").describe("Further URLs under which manifests name it."),
      },
      "a mapping with url or aliases",
    ).describe("How manifests name this repository. Needed only where no Git remote says so."),
    baseBranch: words("the name of a branch").describe(
      "The branch that changes are merged into and that Applications follow. By default, the default branch of the remote.",
    ),
    roots: z
      .array(path, "a list of files and folders")
      .min(1, "at least one file or folder")
      .describe(
        "Files or folders with the root Applications, relative to this file. A folder with a kustomization is rendered; of another, all Applications, ApplicationSets, AppProjects and Namespaces that stand directly in it are applied. By default, the Applications that no other Application deploys.",
      ),
    argocd: section(
      {
        values: path.describe(
          "The values file of the argo-cd chart, relative to this file. By default, the values of what installs Argo CD in this repository, else infrastructure/argocd/values.yaml.",
        ),
        chart: words("the name of a chart").describe("The name of the chart. By default, argo-cd."),
        repository: words("a URL or a path").describe(
          "The chart's repository: a URL, or a folder of charts or chart archives relative to this file. By default, https://argoproj.github.io/argo-helm.",
        ),
        version: words("a version, in quotes if it looks like a number").describe(
          "The version of the chart.",
        ),
        release: words("the name of a release").describe("The name of the Helm release. By default, argocd."),
        namespace: words("the name of a namespace").describe("The namespace of Argo CD. By default, argocd."),
      },
      "a mapping with values, chart, repository, version, release or namespace",
    ).describe("How Argo CD is installed. By default, the way the repository itself installs it."),
    engine: z
      .enum(["simulated", "k3d", "existing"])
      .describe(
        "The kind of Kubernetes to rehearse on: k3d (real containers; the default on GitHub Actions), simulated (a real API server without containers; the default elsewhere), or existing (a cluster of yours). Read from the base, never from the change.",
      ),
    simulated: section(
      {
        stages: z
          .array(path, "a list of folders")
          .describe(
            "Folders, relative to this file, with Stages of KWOK as YAML: what the simulation plays for kinds of yours, in place of its own for the same kinds. See docs/simulated-engine.md.",
          ),
      },
      "a mapping with stages",
    ).describe("What the engine simulated plays. Read from the base, never from the change."),
    k3d: section(
      {
        config: path.describe(
          "A configuration file of k3d (kind: Simple), relative to this file: image, agents, ports, registries, k3s arguments.",
        ),
        images: z
          .array(words("the name of an image"), "a list of images")
          .describe("Images that are loaded into the nodes before anything starts."),
        imageCache: path.describe(
          "A folder, relative to this file, where the archives of those images are kept from run to run.",
        ),
      },
      "a mapping with config, images or imageCache",
    ).describe("How the engine k3d makes its cluster. Read from the base, never from the change."),
    existing: section(
      {
        context: words("the name of a context").describe(
          "The context of the kubeconfig. A context that looks like production is refused unless it is named here.",
        ),
        mirror: section(
          {
            bind: words("an address").describe("The address of this machine to listen on."),
            host: words("a name or an address").describe("How the cluster reaches this machine."),
          },
          "a mapping with bind and host",
        ).describe("How the cluster reaches this machine. By default, found out."),
      },
      "a mapping with context or mirror",
    ).describe(
      "The cluster that the engine existing rehearses on. Read from the base, never from the change.",
    ),
    timeout: duration.describe("How long a rehearsal may take. By default, 10m."),
    settle: duration.describe(
      "How long all Applications must stay Synced and Healthy before that counts. By default, 3s.",
    ),
    egress: z
      .enum(["open", "restricted"])
      .describe(
        "Whether hosts other than this repository's may be reached (open, the default), or none (restricted).",
      ),
    vendor: section(
      {
        cache: path.describe(
          "The folder, relative to this file or to ~/, where charts, remote bases and other repositories are kept from run to run. By default, rehearsal/vendor in the user's cache.",
        ),
      },
      "a mapping with cache",
    ).describe("What is kept of other hosts. Read from the base, never from the change."),
    credentials: z
      .array(
        z.strictObject(
          {
            url: url.describe(
              "What their requests begin with, such as https://charts.example.org/ or oci://registry.example.org/team. The longest one wins.",
            ),
            username: words("a name").describe("The username, where anybody may read it.").optional(),
            usernameFrom: variable.describe("The environment variable that holds the username.").optional(),
            passwordFrom: variable.describe("The environment variable that holds the password or token."),
          },
          "a mapping with url, username and passwordFrom",
        ),
        "a list of mappings with url, username and passwordFrom",
      )
      .describe(
        "Credentials for private Helm, OCI and Git hosts, by the names of environment variables. They never reach the cluster. Read from the base, never from the change.",
      ),
    allowEmpty: z
      .array(words("the name of an ApplicationSet"), "a list of names of ApplicationSets")
      .describe(
        "ApplicationSets that may generate no Application. Any other that generates none fails the rehearsal.",
      ),
    relevance: section(
      {
        ignore: z
          .array(words("a pattern"), "a list of patterns")
          .describe(
            "Patterns of paths from the top of the repository, such as docs/** or ansible/**. A change of such files alone passes without a rehearsal, unless Argo CD could read one of them. Read from the base, never from the change.",
          ),
      },
      "a mapping with ignore",
    ).describe("Which changes need no rehearsal. Documentation needs none by default."),
    allow: z
      .array(z.enum(protectedSettings), "a list of names of settings")
      .describe(
        "Security-relevant settings of Argo CD that a change may weaken or add. Read from the base, never from the change; take it away again once that change is merged.",
      ),
    hostAccess: z
      .array(
        z.string("namespace/name").regex(/^[^/\s]+\/[^/\s]+$/, "namespace/name"),
        "a list of namespace/name",
      )
      .describe(
        "Workloads that may have access to the machine that rehearses (privileged, hostPath, hostNetwork), as namespace/name with * for any part; a PersistentVolume by its claim, or as persistentvolumes/name. Read from the base, never from the change.",
      ),
    toolchain: section(
      {
        directory: path.describe("A folder with the programs, relative to this file."),
        archive: url.describe(
          "The URL of an archive with the programs, in which {key}, {os} and {arch} are replaced.",
        ),
        sha256: z
          .string("64 hexadecimal digits")
          .regex(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits")
          .describe(
            "The checksum of that archive. By default, what stands at its URL with .sha256 after it.",
          ),
      },
      "a mapping with directory, archive or sha256",
    ).describe(
      "Where the programs come from. By default, from the release, else they are built from source. Read from the base, never from the change.",
    ),
  },
  "a mapping",
);

export type ConfigFile = z.infer<typeof configSchema>;

/** Where editors find the schema: `# yaml-language-server: $schema=<this>` as the first line of the file. */
export const configSchemaUrl =
  "https://raw.githubusercontent.com/gitops-rehearsal/rehearsal/main/schema/rehearsal.schema.json";

/** The JSON Schema of `.rehearsal.yaml`, as `schema/rehearsal.schema.json` holds it. */
export function configJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: "input" });
  const document = {
    $schema,
    $id: configSchemaUrl,
    title: ".rehearsal.yaml",
    description: `Configuration of Rehearsal. Every key is optional. For completion in an editor, begin the file with: # yaml-language-server: $schema=${configSchemaUrl}`,
    ...schema,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
