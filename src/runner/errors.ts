/** A place in the user's repository. `file` is relative to its top folder; `line` counts from 1. */
export interface Place {
  file: string;
  line?: number | undefined;
}

interface Details {
  /** Where the user has to look. */
  where?: Place | undefined;
  /** One sentence that says how to mend it. */
  fix?: string | undefined;
  cause?: unknown;
}

/** An error whose message a user can act on without a stack: what, where and how to mend it. */
abstract class ExpectedError extends Error {
  readonly where: Place | undefined;
  readonly fix: string | undefined;

  constructor(message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.where = details.where;
    this.fix = details.fix;
  }
}

/** The change under rehearsal is broken: exit code 1. */
export class ChangeError extends ExpectedError {}

/** Rehearsal was called or configured wrongly: exit code 2. */
export class UsageError extends ExpectedError {}

/** Neither the change nor its user is to blame (disk, network, a process that died): exit code 3. */
export class InfrastructureError extends ExpectedError {}

export type AnyExpectedError = ChangeError | UsageError | InfrastructureError;

/** Tells errors that were foreseen from defects of Rehearsal itself. */
export function isExpected(error: unknown): error is AnyExpectedError {
  return error instanceof ExpectedError;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
