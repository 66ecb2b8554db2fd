/** Where stages tell what they do. One implementation a medium: a terminal, a pipe, GitHub Actions. */
export interface Log {
  /** Something that takes time. Ends with `done` or `failed`, once. */
  step(title: string): Step;
  info(line: string): void;
  warn(line: string): void;
  /** Shown only with `--verbose`. */
  debug(line: string): void;
}

export interface Step {
  /** What it is doing now, to be shown in place of the last such line. */
  update(detail: string): void;
  done(detail?: string): void;
  failed(detail?: string): void;
}

/** Runs `work` as one step of the log, ended whichever way it goes. */
export async function asStep<T>(log: Log, title: string, work: (step: Step) => Promise<T>): Promise<T> {
  const step = log.step(title);
  try {
    const result = await work(step);
    step.done();
    return result;
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** A log that says nothing, for callers that report otherwise. */
export const silentLog: Log = {
  step: () => ({ update() {}, done() {}, failed() {} }),
  info() {},
  warn() {},
  debug() {},
};
