import type { Log } from "../runner/log.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";

/** How a Kubernetes API to rehearse on comes to be. One folder beside this file per implementation. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Starts a cluster that is the caller's own until disposed. Throws InfrastructureError where it cannot,
   * and leaves nothing behind then. Everything it starts ends when `signal` aborts.
   */
  start(request: EngineRequest): Promise<Cluster>;
}

export type EngineName = "simulated" | "k3d" | "existing";

export interface EngineRequest {
  toolchain: Toolchain;
  log: Log;
  signal: AbortSignal;
}

/** A running cluster. Disposing releases every process, port, container and file of it. */
export interface Cluster extends AsyncDisposable {
  readonly engine: EngineName;
  /** A file that only the current user can read, with credentials that may do everything. */
  readonly kubeconfig: string;
  /** As the API server states it, such as `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** Aborts with an InfrastructureError when the cluster fails underneath the rehearsal. */
  readonly lost: AbortSignal;
  /**
   * Whether containers run. Where they do not, the caller runs Argo CD's components as processes,
   * through `processes`.
   */
  readonly containers: ContainerSupport;
  /** What this engine does not exercise, whatever the Application. Shown with every verdict. */
  readonly unexercised: readonly Unexercised[];
  /** CPU and memory used so far by what the engine owns; undefined where that cannot be told. */
  usage(): Promise<Usage | undefined>;
}

export type ContainerSupport =
  | { kind: "none"; processes: ProcessHost }
  | {
      kind: "real";
      /** The address to bind the mirror to, and the name by which Pods reach it. */
      mirror: { bind: string; host: string };
    };

/** Runs long-lived programs beside the cluster, as owned as the cluster's own. */
export interface ProcessHost {
  /** A private folder for files of these processes. */
  readonly folder: string;
  start(spec: ProcessSpec): Promise<void>;
  /** `count` free loopback ports, all different. */
  freePorts(count: number): Promise<number[]>;
}

export interface ProcessSpec {
  /** Unique within the host; names the log file. */
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
}

/** A kind of object whose behaviour was not real, and what that leaves unproven. */
export interface Unexercised {
  /** Selects the objects it is about: `apps/Deployment`, `Service[type=LoadBalancer]`, `*`. */
  what: string;
  why: string;
}

export interface Usage {
  cpuSeconds: number;
  peakMemoryBytes: number;
}
