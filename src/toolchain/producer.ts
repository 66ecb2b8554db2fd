import type { ToolchainContext } from "./context.ts";

/** Where and how one way of making a toolchain does its work. */
export interface Workplace {
  /** Empty; `bin/` and `argocd/` are expected in it afterwards, and nothing else. */
  staging: string;
  /** Tells those who wait for the same toolchain what is going on. */
  announce(detail: string): void;
  signal: AbortSignal;
}

/** `origin` is how it came to be, for people; `passed` says why this way was not taken. */
export type Produced = { origin: string } | { passed: string };

/** One way of making a toolchain. Throws where it should have worked and did not. */
export type Producer = (context: ToolchainContext, workplace: Workplace) => Promise<Produced>;
