import type { Unexercised } from "../engine.ts";

/** What a cluster of one machine's containers leaves unproven, though its containers are real. */
export const unexercised: readonly Unexercised[] = [
  {
    kinds: ["Service"],
    only: { path: ["spec", "type"], value: "LoadBalancer" },
    why: "its address is a node's, given by k3s in place of your network's load balancer",
  },
  {
    kinds: ["networking.k8s.io/Ingress", "gateway.networking.k8s.io/Gateway"],
    why: "no request came from outside: DNS, certificates of public authorities and routers stayed out",
  },
  {
    kinds: ["PersistentVolumeClaim"],
    why: "its volume was new and empty, on this machine's disk: no data, size or access mode of yours",
  },
  {
    kinds: ["apps/DaemonSet"],
    why: "nodes were containers on one machine, without your hardware, labels and kernel modules",
  },
  {
    kinds: ["policy/PodDisruptionBudget"],
    why: "no node was drained",
  },
  { kinds: ["batch/CronJob"], why: "its schedule did not come due, unless it fell into the rehearsal" },
  {
    kinds: ["autoscaling/HorizontalPodAutoscaler"],
    why: "there was no load to scale by",
  },
];
