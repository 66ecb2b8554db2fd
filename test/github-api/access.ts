import { Refusal } from "./call.ts";
import type { Permission, State, TokenState } from "./state.ts";

type Level = "read" | "write";

/** What each operation needs: one of these. https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps */
const needed: Record<string, readonly (readonly [Permission, Level])[]> = {
  "pulls/list": [["pull-requests", "read"]],
  "pulls/get": [["pull-requests", "read"]],
  "git/get-ref": [["contents", "read"]],
  "issues/list-comments": [
    ["issues", "read"],
    ["pull-requests", "read"],
  ],
  "issues/get-comment": [
    ["issues", "read"],
    ["pull-requests", "read"],
  ],
  "issues/create-comment": [
    ["issues", "write"],
    ["pull-requests", "write"],
  ],
  "issues/update-comment": [
    ["issues", "write"],
    ["pull-requests", "write"],
  ],
  "issues/delete-comment": [
    ["issues", "write"],
    ["pull-requests", "write"],
  ],
  "checks/create": [["checks", "write"]],
  "checks/update": [["checks", "write"]],
  "checks/get": [["checks", "read"]],
  "checks/list-for-ref": [["checks", "read"]],
  "actions/get-workflow-run": [["actions", "read"]],
  "actions/list-workflow-run-artifacts": [["actions", "read"]],
  "actions/download-artifact": [["actions", "read"]],
};

/** Whose request it is. Throws a Refusal, 401. */
export function identify(state: State, authorization: string | undefined): TokenState {
  const token = /^(?:token|bearer) (.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new Refusal(401, "Requires authentication");
  const known = state.tokens.get(token);
  if (known === undefined) throw new Refusal(401, "Bad credentials");
  return known;
}

/** Throws a Refusal, 403, where the token may not do this. */
export function authorize(token: TokenState, operation: string): void {
  const kind = token.kind === "app" ? "integration" : "personal access token";
  if (operation === "checks/create" && token.kind !== "app") {
    throw new Refusal(403, "You must authenticate via a GitHub App.");
  }
  const rules = needed[operation] ?? [];
  if (rules.some(([permission, level]) => holds(token, permission, level))) return;
  throw new Refusal(403, `Resource not accessible by ${kind}`);
}

function holds({ permissions }: TokenState, permission: Permission, level: Level): boolean {
  const held = permissions[permission];
  return held === "write" || held === level;
}
