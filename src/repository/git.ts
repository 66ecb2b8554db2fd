import { UsageError } from "../runner/errors.ts";
import { CommandError, type RunResult, run, tryRun } from "../runner/process.ts";

/** A configuration variable and its value, such as `["core.fsmonitor", "false"]`. */
export type GitSetting = readonly [name: string, value: string];

/** Git, bound to one repository. No call ever prompts. */
export interface Git {
  /** What the command printed. Throws CommandError where it failed. */
  run(args: readonly string[], options?: GitOptions): Promise<string>;
  /** Its result, whatever the exit code. */
  attempt(args: readonly string[], options?: GitOptions): Promise<RunResult>;
}

export interface GitOptions {
  cwd?: string | undefined;
  env?: Record<string, string | undefined>;
  settings?: readonly GitSetting[];
  input?: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

/** The first with `git merge-tree --write-tree`. */
const oldestGit = [2, 38] as const;

// A Git hook that calls us sets these to its own repository.
const inherited = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
  "GIT_SHALLOW_FILE",
  "GIT_GRAFT_FILE",
  "GIT_REPLACE_REF_BASE",
] as const;

const bound = Object.fromEntries(inherited.map((name) => [name, undefined]));

const unattended = {
  ...bound,
  GIT_TERMINAL_PROMPT: "0",
  GCM_INTERACTIVE: "never",
  // Commands that only read would otherwise refresh the index in passing.
  GIT_OPTIONAL_LOCKS: "0",
  GIT_LITERAL_PATHSPECS: undefined,
  LC_ALL: "C",
} satisfies Record<string, string | undefined>;

/** Leaves unread the configuration of the user and the machine, and the repository that we may be called from. */
export const isolation = {
  ...bound,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_COUNT: undefined,
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_ATTR_NOSYSTEM: "1",
} satisfies Record<string, string | undefined>;

/** Git as the user has it in `folder`, with their configuration. */
export function gitIn(folder: string): Git {
  return bind({}, folder);
}

/** Git on a repository of our own, untouched by the configuration of the user and the machine. */
export function gitAt(gitDir: string): Git {
  return bind({ ...isolation, GIT_DIR: gitDir }, gitDir);
}

/** Git on a repository of our own with the user's configuration, for what goes out to the network. */
export function configuredGitAt(gitDir: string): Git {
  return bind({ GIT_DIR: gitDir }, gitDir);
}

/**
 * Settings as an environment, after those that `env` already carries: unlike arguments, other users of
 * the machine cannot read it, and these may be credentials.
 */
export function settingsAsEnvironment(
  settings: readonly GitSetting[],
  env: Record<string, string | undefined> = process.env,
): Record<string, string> {
  const first = Number(env.GIT_CONFIG_COUNT ?? 0) || 0;
  const entries = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, name],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return { ...Object.fromEntries(entries), GIT_CONFIG_COUNT: String(first + settings.length) };
}

/** Throws UsageError where the installed Git is too old to compute merges. */
export async function requireGit(signal?: AbortSignal): Promise<void> {
  const { stdout } = await run("git", ["version"], { signal });
  const [, major, minor] = stdout.match(/(\d+)\.(\d+)/) ?? [];
  const [oldestMajor, oldestMinor] = oldestGit;
  const newEnough =
    Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
  if (newEnough) return;
  throw new UsageError(`${stdout.trim()} is too old to compute a merge without a checkout`, {
    fix: `Install Git ${oldestGit.join(".")} or later.`,
  });
}

function bind(fixed: Record<string, string | undefined>, folder: string): Git {
  async function attempt(args: readonly string[], options: GitOptions = {}): Promise<RunResult> {
    const env = { ...unattended, ...fixed, ...options.env };
    return tryRun("git", args, {
      cwd: options.cwd ?? folder,
      env: {
        ...env,
        ...(options.settings ? settingsAsEnvironment(options.settings, { ...process.env, ...env }) : {}),
      },
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      signal: options.signal,
    });
  }
  return {
    attempt,
    async run(args, options) {
      const result = await attempt(args, options);
      if (result.exitCode !== 0) throw new CommandError("git", args, result);
      return result.stdout;
    },
  };
}
