import type { ExistingSettings, K3dSettings } from "../repository/config.ts";
import type { Log } from "../runner/log.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
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
  /**
   * What the repository says about engines, from where the change under rehearsal cannot edit it. Asked for,
   * because a file that it names has to be there only for the engine that reads it, which says its name; what
   * others would read is left out. Throws UsageError.
   */
  settings(engine: EngineName): Promise<EngineSettings>;
  /** Owns whatever the engine starts on this machine, and the folder in which it keeps its files. */
  processes: OwnedProcesses;
  log: Log;
  signal: AbortSignal;
}

export interface EngineSettings {
  simulated: {
    /** Stages of the user's, which the simulation plays in place of ours for the same kinds. */
    stages: readonly StageText[];
  };
  k3d: K3dSettings;
  existing: ExistingSettings;
}

/** A YAML file with Stages of KWOK. */
export interface StageText {
  /** For people. */
  path: string;
  text: string;
}

/** A running cluster. Disposing releases what the owner of its processes would not: containers, volumes, networks. */
export interface Cluster extends AsyncDisposable {
  readonly engine: EngineName;
  /** A file that only the current user can read, with credentials that may do everything. */
  readonly kubeconfig: string;
  /** As the API server states it, such as `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** Aborts with an InfrastructureError when the cluster fails underneath the rehearsal. */
  readonly lost: AbortSignal;
  /** Whether containers run. Where they do not, Argo CD's components run as processes. */
  readonly containers: ContainerSupport;
  /**
   * Called with the namespace that Argo CD is about to be installed in. Throws UsageError where that is
   * somebody else's. Undefined where the whole cluster is ours.
   */
  claim?(namespace: string): Promise<void>;
  /** What this engine does not exercise, whatever the Application. Shown with every verdict. */
  readonly unexercised: readonly Unexercised[];
}

export type ContainerSupport =
  | { kind: "none" }
  | {
      kind: "real";
      mirror: MirrorReach;
    };

/** How the mirror, which runs beside us, is reached from within the cluster. */
export interface MirrorReach {
  /** The local address to listen on: no wider than the cluster needs. */
  bind: string;
  /** The name by which Pods and the API server reach it. */
  host: string;
  /** The IP address behind `host`, so that nothing depends on the cluster's DNS; undefined leaves it to that. */
  address: string | undefined;
}

/** Objects whose behaviour was not real, and what that leaves unproven. */
export interface Unexercised {
  /**
   * Kinds, with their group where it is not the core one: `Service`, `apps/Deployment`; `kro.run/*` or
   * `*.crossplane.io/*` stand for those of a group, or below it, that no entry names. Or all that
   * CustomResourceDefinitions define and no entry means, Argo CD's own excepted.
   */
  kinds: readonly string[] | "custom resources";
  /** Only objects with this value at this path. The kinds are those of the version `v1` then. */
  only?: { path: readonly string[]; value: string };
  why: string;
}
