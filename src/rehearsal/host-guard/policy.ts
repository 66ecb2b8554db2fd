import type { KubeObject } from "../../kubernetes/client.ts";
import { waiverExpression } from "./waivers.ts";

/** Begins what the policy says of a workload that it refuses, after `Kind namespace/name `. */
export const refusalWords = "would get hold of the machine that runs this rehearsal";

export interface GuardSettings {
  /** Of the policy and of its binding. Nobody can guess it, so no manifest overwrites it by its name. */
  name: string;
  labels: Record<string, string>;
  /** `namespace/name` of workloads that may use the host, with `*` for any part. From the base. */
  waivers: readonly string[];
  /** Argo CD's own. */
  argocdNamespace: string;
  /**
   * Namespaces that others had before the rehearsal, and what runs there is theirs. Undefined where the whole
   * cluster is the rehearsal's.
   */
  foreignNamespaces: readonly string[] | undefined;
}

/**
 * What a container may be given beside what it has by default: the Baseline level of the Pod Security
 * Standards, and NET_RAW, which containerd gives to all.
 */
const harmlessCapabilities = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"],
  ...["NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

/** Who makes Pods of workloads, where the controller manager uses an account for each controller, or its own. */
const controllers = [
  ...["daemon-set", "deployment", "replicaset", "replication", "statefulset", "job", "cronjob"].map(
    (name) => `system:serviceaccount:kube-system:${name}-controller`,
  ),
  "system:kube-controller-manager",
];

/** Where k3s keeps the volumes of its local-path provisioner, which makes them as this user. */
const localPath = {
  user: "system:serviceaccount:kube-system:local-path-provisioner-service-account",
  folder: "/var/lib/rancher/k3s/storage",
};

/** CEL has JSON's string literals. */
const literal = (value: unknown) => JSON.stringify(value);

/**
 * The policy that refuses workloads, Pods and volumes that reach the host, whoever makes them, and its binding.
 * What k3s itself makes later is let through by what it looks like, and no wider: the volumes below its storage
 * folder that its provisioner makes, and NET_ADMIN in its load balancers.
 */
export function guardObjects(settings: GuardSettings): { policy: KubeObject; binding: KubeObject } {
  const { name, labels } = settings;
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name, labels };
  const policy = {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata,
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        matchPolicy: "Equivalent",
        resourceRules: [
          rule("", ["pods", "pods/ephemeralcontainers", "replicationcontrollers", "persistentvolumes"]),
          rule("apps", ["deployments", "statefulsets", "daemonsets", "replicasets"]),
          rule("batch", ["jobs", "cronjobs"]),
        ],
      },
      matchConditions: matchConditions(settings),
      variables: Object.entries(variables(settings)).map(([name, expression]) => ({ name, expression })),
      validations: [
        {
          expression: "size(variables.uses) == 0 || variables.waived",
          messageExpression: `object.kind + ' ' + variables.own + ' ${refusalWords}: ' + variables.uses.join(', ')`,
          message: `A workload ${refusalWords}`,
          reason: "Forbidden",
        },
      ],
    },
  };
  const binding = {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata,
    spec: { policyName: name, validationActions: ["Deny"] },
  };
  return { policy, binding };
}

function rule(apiGroup: string, resources: readonly string[]) {
  return { apiGroups: [apiGroup], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources };
}

/**
 * On a cluster of others, what they do in their own namespaces is none of our business: only what Argo CD does
 * anywhere, what happens in namespaces that came with the rehearsal, and what anyone from there does.
 */
function matchConditions({ argocdNamespace, foreignNamespaces }: GuardSettings) {
  // The kubelet shows a static Pod so; it runs none for being told so by the API.
  const mirrorPod =
    "'system:nodes' in request.userInfo.?groups.orValue([]) && 'kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({})";
  const conditions = [{ name: "no-mirror-pod", expression: `!(${mirrorPod})` }];
  if (foreignNamespaces === undefined) return conditions;
  const foreign = literal(foreignNamespaces.filter((namespace) => namespace !== argocdNamespace));
  const user = "request.userInfo.username";
  const account = "'system:serviceaccount:'";
  const expression = [
    `request.?namespace.orValue('') != '' && !(request.namespace in ${foreign})`,
    `${user}.startsWith(${account}) && !(${user}.split(':')[2] in ${foreign})`,
  ];
  return [
    ...conditions,
    { name: "of-the-rehearsal", expression: expression.map((part) => `(${part})`).join(" || ") },
  ];
}

/** CEL, by name; each may use those before it. */
function variables({ waivers, foreignNamespaces }: GuardSettings): Record<string, string> {
  const pattern = waiverExpression(waivers);
  const isWaived = (name: string) =>
    pattern === undefined ? "false" : `(${name}).matches(${literal(pattern)})`;
  const isK3s = String(foreignNamespaces === undefined);
  return {
    spec: [
      "object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec",
      "object.kind in ['Pod', 'PersistentVolume'] ? object.spec",
      "object.spec.?template.?spec.orValue({})",
    ].join(" : "),
    containers: ["containers", "initContainers", "ephemeralContainers"]
      .map((field) => `variables.spec.?${field}.orValue([])`)
      .join(" + "),
    name: "object.metadata.?name.orValue(object.metadata.?generateName.orValue(''))",
    place: "object.kind == 'PersistentVolume' ? 'persistentvolumes' : request.namespace",
    own: "variables.place + '/' + variables.name",
    // A claim is known by its own name, which the volume made for it is not.
    claim:
      "object.kind == 'PersistentVolume' ? object.spec.?claimRef.?namespace.orValue('') + '/' + object.spec.?claimRef.?name.orValue('') : ''",
    // Only a controller's word for who owns a Pod counts: anyone can write it into a Pod.
    owners: `request.userInfo.username in ${literal(controllers)} ? object.metadata.?ownerReferences.orValue([]).filter(o, o.?controller.orValue(false)) : []`,
    // Of Deployment and ReplicaSet, and of CronJob and Job, the second bears the name of the first and a suffix.
    waived: [
      isWaived("variables.own"),
      isWaived("variables.claim"),
      `variables.owners.exists(o, ${isWaived("variables.place + '/' + o.name")} || (o.kind in ['ReplicaSet', 'Job'] && o.name.contains('-') && ${isWaived("variables.place + '/' + o.name.substring(0, o.name.lastIndexOf('-'))")}))`,
    ].join(" || "),
    byStorage: `${isK3s} && request.userInfo.username == '${localPath.user}'`,
    ofLoadBalancer: `${isK3s} && variables.own.startsWith('kube-system/svclb-')`,
    // What is there already is not judged again when something else of it changes; a volume's source never does.
    unchanged:
      "request.operation == 'UPDATE' && (object.kind == 'PersistentVolume' || object.spec == oldObject.spec)",
    uses: `variables.unchanged ? [] : ${usesOfHost
      .map(({ what, when }) => `((${when}) ? [${literal(what)}] : [])`)
      .join(" + ")}`,
  };
}

const below = (path: string) =>
  `(${path} == '${localPath.folder}' || ${path}.startsWith('${localPath.folder}/')) && !${path}.contains('..')`;
const anyVolume = (test: string) => `variables.spec.?volumes.orValue([]).exists(v, ${test})`;
const anyContainer = (test: string) => `variables.containers.exists(c, ${test})`;
const ofVolume = (field: string) =>
  `object.kind == 'PersistentVolume' && has(object.spec.${field}) && !(variables.byStorage && ${below(`object.spec.${field}.path`)})`;

/** Each way to the host, and when it is taken. */
const usesOfHost: readonly { what: string; when: string }[] = [
  { what: "privileged", when: anyContainer("c.?securityContext.?privileged.orValue(false)") },
  ...["hostNetwork", "hostPID", "hostIPC"].map((field) => ({
    what: field,
    when: `object.kind != 'PersistentVolume' && variables.spec.?${field}.orValue(false)`,
  })),
  {
    what: "hostPath",
    when: anyVolume(`has(v.hostPath) && !(variables.byStorage && ${below("v.hostPath.path")})`),
  },
  // A driver of the node's own, and git run by the kubelet.
  { what: "flexVolume", when: anyVolume("has(v.flexVolume)") },
  { what: "gitRepo", when: anyVolume("has(v.gitRepo)") },
  {
    what: "capabilities",
    when: anyContainer(
      `c.?securityContext.?capabilities.?add.orValue([]).exists(k, !(k in ${literal(harmlessCapabilities)}) && !(variables.ofLoadBalancer && k == 'NET_ADMIN'))`,
    ),
  },
  { what: "procMount", when: anyContainer("c.?securityContext.?procMount.orValue('Default') != 'Default'") },
  { what: "a volume of the host's files", when: `(${ofVolume("hostPath")}) || (${ofVolume("local")})` },
];
