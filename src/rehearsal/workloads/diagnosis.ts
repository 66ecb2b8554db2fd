import type { PodDiagnosis } from "../../workloads/describe-pod.ts";

/** What was found of the Pods of an Application that did not pass. Redacted; every line may come from the cluster. */
export interface Diagnosis {
  pods: readonly PodDiagnosis[];
  /** Events of its other objects, and how its claims stand. */
  others: readonly string[];
  /** Conditions and taints of nodes that are not as they should be. */
  nodes: readonly string[];
  /** What could not be gathered, and why: nothing here means that the rest is all there was. */
  incomplete: readonly string[];
}
