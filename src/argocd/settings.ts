/** How the repository wants Argo CD installed. */
export interface ArgoCdSettings {
  /** A chart's name in `repository`, or the absolute path of a chart folder or archive. */
  chart: string;
  /** URL of the chart repository; undefined where `chart` is a path. */
  repository: string | undefined;
  /** Undefined takes the newest, which is noted in the verdict. */
  version: string | undefined;
  release: string;
  namespace: string;
  /** The text of the values, in the order in which Helm merges them. */
  values: readonly string[];
}

/** What Argo CD was installed from and which Argo CD runs. */
export interface ArgoCdInstallation {
  namespace: string;
  /** For people: `chart argo-cd 9.2.2`, or what took its place. */
  source: string;
  /** The Argo CD that the repository pins, such as `v3.2.3`; undefined where nothing says so. */
  pinned: string | undefined;
  /** The Argo CD under rehearsal. */
  running: string;
  /** What a reader of the verdict has to know about it. */
  notes: readonly string[];
}
