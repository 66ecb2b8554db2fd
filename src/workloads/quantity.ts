import type { ContainerSpec, Pod, Quantities } from "./objects.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const scales: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `250m` is 0.25, `64Mi` is 67108864. What is no quantity is 0: the API server has let it through. */
export function parseQuantity(text: string | number | undefined): number {
  const match = /^([+-]?[\d.]+)(?:[eE]([+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/.exec(
    String(text ?? ""),
  );
  if (!match) return 0;
  const [, number, exponent, suffix = ""] = match;
  return Number(number) * (exponent === undefined ? (scales[suffix] ?? 1) : 10 ** Number(exponent));
}

/** For people: `1.5`, `64 Mi`, `2.5 Gi`. */
export function formatQuantity(resource: string, value: number): string {
  if (!/memory|storage|hugepages/.test(resource)) return String(Math.round(value * 1000) / 1000);
  const [unit, scale] = value >= 2 ** 30 ? (["Gi", 2 ** 30] as const) : (["Mi", 2 ** 20] as const);
  return `${Math.round((value / scale) * 10) / 10} ${unit}`;
}

/**
 * What a Pod asks of a node, as the scheduler counts it: its containers and sidecars together, or its
 * largest init container (with the sidecars that run by then) where that is more.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function requestOf({ spec }: Pod, resource: string): number {
  const ask = ({ resources }: ContainerSpec) =>
    parseQuantity(resources?.requests?.[resource] ?? resources?.limits?.[resource]);
  let sidecars = 0;
  let initial = 0;
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") sidecars += ask(container);
    initial = Math.max(initial, sidecars + (container.restartPolicy === "Always" ? 0 : ask(container)));
  }
  const together = spec.containers.reduce((sum, container) => sum + ask(container), sidecars);
  return Math.max(together, initial) + parseQuantity((spec.overhead as Quantities | undefined)?.[resource]);
}
