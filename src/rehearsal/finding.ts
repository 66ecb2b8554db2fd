import { nameOnly } from "../argocd/application.ts";
import type { Finality, Finding, Reason } from "./reason.ts";

export function progressing(detail: string): Finding {
  return { state: "progressing", detail };
}

/** A failure, final when `finality` says so. Of its resource only the name is kept. */
export function suspect(reason: Reason, finality: Finality): Finding {
  const resource = reason.resource && nameOnly(reason.resource);
  return { state: "suspect", reason: resource ? { ...reason, resource } : reason, finality };
}

/** A failure of the change, in Argo CD's words. */
export function fault(code: Reason["code"], message: string, finality: Finality): Finding {
  return suspect({ code, class: "change", message }, finality);
}
