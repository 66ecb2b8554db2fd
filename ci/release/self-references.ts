/** The repository whose actions and workflows name each other. */
const self = "gitops-rehearsal/rehearsal";

/** `uses:` of something of this repository; groups: everything before the revision, and the revision. */
const reference = new RegExp(`(\\buses:\\s*${self}(?:/[\\w./-]+)?@)([\\w./-]+)(?:[ \\t]+#[^\\n]*)?`, "g");

/** The revisions at which a workflow names this repository's own actions and workflows, in order. */
export function selfReferences(workflow: string): string[] {
  return [...workflow.matchAll(reference)].map(([, , revision = ""]) => revision);
}

/** The same workflow with each of these at another revision; `comment` says which version that is. */
export function withSelfReferences(workflow: string, revision: string, comment?: string): string {
  const after = comment === undefined ? "" : ` # ${comment}`;
  return workflow.replace(reference, (_, before: string) => `${before}${revision}${after}`);
}
