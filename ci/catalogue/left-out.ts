/** Kinds that Argo CD has a health check for and that need no stage, each with its reason. */
export const leftOut: Readonly<Record<string, string>> = {
  "apiextensions.k8s.io/CustomResourceDefinition": "the API server itself says so",
  "argoproj.io/ApplicationSet": "Argo CD's own controller runs",
  "batch/CronJob": "its controller runs",
  "policy/PodDisruptionBudget": "its controller runs",
  "argoproj.io/CronWorkflow": "healthy without a status",
  "astra.netapp.io/ExecHook": "healthy without a status",
  "astra.netapp.io/Schedule": "healthy without a status",
  "core.gardener.cloud/Shoot": "healthy without a status",
  "datadoghq.com/DatadogMetric": "healthy without a status",
};
