import { basename } from "node:path/posix";

const documents =
  /\.(?:md|mdx|markdown|rst|adoc|asciidoc|txt|png|jpe?g|gif|svg|webp|ico|pdf|drawio|excalidraw|puml|mermaid)$/i;
const aboutTheRepository =
  /^(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS|CONTRIBUTORS|CODEOWNERS|README|CHANGELOG|\.gitignore|\.gitkeep|\.keep|\.editorconfig|\.mailmap)$/i;

/** Whether a file is documentation by its name, or of a kind that no tool of Argo CD takes for a manifest. */
export function isDocumentation(path: string): boolean {
  const name = basename(path);
  return documents.test(name) || aboutTheRepository.test(name);
}

const toolFolders = /^\.(?:github|gitlab|forgejo|gitea|vscode|idea|devcontainer)\//;
/** At the top of the repository. */
const toolFiles =
  /^(?:\.?renovate(?:rc)?(?:\.json5?)?|\.pre-commit-config\.yaml|\.yamllint(?:\.ya?ml)?|\.markdownlint(?:-cli2)?\.(?:ya?ml|jsonc?)|\.prettierrc(?:\.(?:ya?ml|json))?|\.prettierignore|\.gitlab-ci\.yml|\.mise\.toml|mkdocs\.yml|Taskfile\.ya?ml|Makefile|justfile|\.justfile|\.envrc|\.tool-versions)$/;

/** Whether a file is for a tool of those who work on the repository. It may be YAML, so its folder counts. */
export function isTooling(path: string): boolean {
  return toolFolders.test(path) || toolFiles.test(path);
}

/** What Git, Argo CD, Helm, kustomize or Rehearsal look for by this very name. Never documentation. */
const wellKnown =
  /^(?:\.gitattributes|\.gitmodules|\.lfsconfig|\.rehearsal\.yaml|\.argocd-.*|\.helmignore|\.krmignore|\.sops\.ya?ml|Chart\.(?:yaml|lock)|values\.schema\.json|kustomization\.ya?ml|Kustomization|NOTES\.txt)$/;

/** Whether a tool reads the file because of its name. */
export function readByName(path: string): boolean {
  return wellKnown.test(basename(path));
}
