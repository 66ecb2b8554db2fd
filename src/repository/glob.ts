export interface GlobRules {
  /** Whether `*` stops at `/`. `**` never does. */
  star: "within-folder" | "anything";
}

/** Whether a whole path matches a pattern with `*`, `**`, `?`, `[abc]`, `[!abc]`, `{a,b}` and `\`. */
export function matchesGlob(pattern: string, path: string, rules: GlobRules): boolean {
  return globToRegExp(pattern, rules).test(path);
}

/** The regular expression that matches what the pattern does. A pattern that is not well-formed matches itself. */
export function globToRegExp(pattern: string, rules: GlobRules): RegExp {
  try {
    return new RegExp(`^${translate(pattern, rules)}$`, "s");
  } catch {
    return new RegExp(`^${RegExp.escape(pattern)}$`, "s");
  }
}

function translate(pattern: string, rules: GlobRules): string {
  const any = rules.star === "anything" ? ".*" : "[^/]*";
  const one = rules.star === "anything" ? "." : "[^/]";
  let depth = 0;
  return pattern.replace(
    /\*\*\/|\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|\{|\}|,|\\(.)|./gs,
    (token: string, negation?: string, set?: string, escaped?: string) => {
      if (escaped !== undefined) return RegExp.escape(escaped);
      if (set !== undefined) return `[${negation ? "^" : ""}${set}]`;
      if (token === "**/") return rules.star === "anything" ? ".*/" : "(?:.*/)?";
      if (token === "*") return any;
      if (token.startsWith("*")) return ".*";
      if (token === "?") return one;
      if (token === "{") {
        depth++;
        return "(?:";
      }
      if (token === "}" && depth > 0) {
        depth--;
        return ")";
      }
      if (token === "," && depth > 0) return "|";
      return RegExp.escape(token);
    },
  );
}
