/** What the API server asks a conversion webhook; https://kubernetes.io/docs/reference/access-authn-authz has it. */
export interface ConversionReview {
  apiVersion: string;
  kind: "ConversionReview";
  request: { uid: string; desiredAPIVersion: string; objects: readonly Record<string, unknown>[] };
}

export function isConversionReview(value: unknown): value is ConversionReview {
  if (typeof value !== "object" || value === null) return false;
  const { kind, request } = value as Partial<ConversionReview>;
  return kind === "ConversionReview" && Array.isArray(request?.objects);
}

/**
 * The same objects, said to be of the other version, as the strategy `None` would have it. Fields that the other
 * version does not have are dropped by the API server, so what a real webhook would do with them is unproven.
 */
export function convertAsIs({ apiVersion, kind, request }: ConversionReview) {
  const { uid, objects, desiredAPIVersion } = request;
  const convertedObjects = objects.map((object) => ({ ...object, apiVersion: desiredAPIVersion }));
  return { apiVersion, kind, response: { uid, result: { status: "Success" }, convertedObjects } };
}
