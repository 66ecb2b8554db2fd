import type { GitSource } from "../repository/remote-source.ts";
import type { BareRepository } from "./bare-repository.ts";
import type { Lock } from "./lock.ts";
import type { Vendor } from "./vendor.ts";
import { absentHere, type Outcome, type Problem } from "./vendored.ts";

/** What became of another repository, and where it is. */
export type GotRepository = Outcome & { at?: { repository: BareRepository; commit: string } };

/** Has the cache hold another Git repository: all of it where Argo CD clones it, else one revision. */
export async function getGitRepository(
  source: GitSource,
  vendor: Vendor,
  lock: Lock,
): Promise<GotRepository> {
  const { url, version, reads } = source;
  const what = `${version ?? "HEAD"} of ${url}`;
  const locked = lockedCommit(source, lock);
  const done = (repository: BareRepository, commit: string, from: "cache" | "upstream"): GotRepository => {
    const entry = { kind: "git" as const, source: url, version: version ?? "HEAD", commit };
    return { entry, from, at: { repository, commit } };
  };

  const kept = await vendor.repositories.kept(url);
  const here = await kept?.resolve(version);
  // A tag stays what the lock says that it is.
  if (
    kept &&
    here !== undefined &&
    here === locked &&
    version !== undefined &&
    (await kept.tag(version)) === here
  ) {
    if (reads === "revision" || (await kept.isComplete())) return done(kept, here, "cache");
  }
  const wanted = reads === "everything" ? { kind: reads } : { kind: reads, revision: version };
  const brought = await vendor.repositories.bring(url, wanted);
  switch (brought.kind) {
    case "here": {
      const commit = await brought.repository.resolve(version);
      if (commit !== undefined) return done(brought.repository, commit, brought.from);
      return { problem: missing(what) };
    }
    case "missing":
      return { problem: missing(what) };
    case "answered": {
      const denied = brought.status === 401 || brought.status === 403;
      const message = `${url} answers ${brought.status}`;
      // Some hosts say 404 of what they would not show.
      return { problem: { kind: denied ? "denied" : "missing", message } };
    }
    case "unavailable":
      return { problem: { kind: "unavailable", message: brought.message } };
    case "refused": {
      if (brought.refusal.kind === "absent") return { problem: absentHere(what, vendor.forbidden) };
      return { problem: { kind: "changed", message: brought.refusal.message } };
    }
  }
}

/** The commit that a lock has for a revision of another repository. */
export function lockedCommit({ url, version = "HEAD" }: GitSource, { entries }: Lock): string | undefined {
  const found = entries.find(
    (entry) => entry.kind === "git" && entry.source === url && entry.version === version,
  );
  return found?.kind === "git" ? found.commit : undefined;
}

function missing(what: string): Problem {
  return { kind: "missing", message: `${what} does not exist` };
}
