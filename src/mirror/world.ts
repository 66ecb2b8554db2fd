/** The repository as it will be after the merge, in a bare Git repository of our own. */
export interface World {
  /** The bare repository. The user's own is only ever read. */
  gitDir: string;
  /** The repository's https URLs (no credentials, no trailing `.git`): the mirror answers for each. */
  urls: readonly string[];
  /** The branch that the pull request merges into, such as `main`. */
  baseBranch: string;
  /** Whether `baseBranch` is the default branch, so that HEAD is the merge result too. */
  baseIsDefault: boolean;
  base: string;
  head: string;
  /** The merge of head into base: full SHA of a commit that exists nowhere else. */
  merge: string;
  /** Manifests in which an ssh URL of this repository was replaced, because ssh cannot be intercepted. */
  rewritten: readonly string[];
  /** What a reader of the verdict should know about how this came to be. */
  notes: readonly string[];
}
