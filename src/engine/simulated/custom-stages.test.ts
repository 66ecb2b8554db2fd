import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../kubernetes/client.ts";
import { type DefinedKind, definedKind, fitStage, stagesFor } from "./custom-stages.ts";
import { toStageFile } from "./stage-files.ts";

const certificates: DefinedKind = {
  definition: "certificates.cert-manager.io",
  uid: "1",
  group: "cert-manager.io",
  kind: "Certificate",
  plural: "certificates",
  version: "v1",
  statusSubresource: true,
};

function definition(versions: object[], established = true): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "certificates.cert-manager.io", uid: "1" },
    spec: { group: "cert-manager.io", names: { kind: "Certificate", plural: "certificates" }, versions },
    status: { conditions: established ? [{ type: "Established", status: "True" }] : null },
  };
}

function stage(apiGroup: string, kind: string, name = kind) {
  const patch = { subresource: "status", template: "seen: {{ .metadata.generation }}" };
  return toStageFile("a.yaml", {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup, kind }, selector: {}, steps: [{ patch }] },
  });
}

describe("a definition", () => {
  const [stored, other] = [
    { name: "v1", served: true, storage: true, subresources: { status: {} } },
    { name: "v2", served: true, storage: false },
  ];

  test("tells the version in which objects are stored", () => {
    expect(definedKind(definition([other, stored]))).toEqual(certificates);
  });

  test("of which the stored version is not served tells one that is", () => {
    const kind = definedKind(definition([{ ...stored, served: false }, other]));
    expect(kind).toMatchObject({ version: "v2", statusSubresource: false });
  });

  test("tells nothing before it is established, or without any version that is served", () => {
    expect(definedKind(definition([stored], false))).toBeUndefined();
    expect(definedKind(definition([{ ...stored, served: false }]))).toBeUndefined();
  });
});

describe("the stages for a kind", () => {
  const all = stage("*.crossplane.io", "*", "all");
  const closer = stage("*.aws.crossplane.io", "*", "closer");
  const named = stage("s3.aws.crossplane.io/v1beta1", "Bucket", "named");
  const bucket = { ...certificates, group: "s3.aws.crossplane.io", kind: "Bucket" };

  test("are those that name it, whatever version they name", () => {
    expect(stagesFor(bucket, [all, closer, named, named])).toEqual([named, named]);
  });

  test("else those of the closest group", () => {
    expect(stagesFor(bucket, [all, closer])).toEqual([closer]);
    expect(stagesFor({ ...bucket, group: "helm.crossplane.io" }, [all, closer])).toEqual([all]);
  });

  test("are none for a group of another name", () => {
    expect(stagesFor({ ...bucket, group: "othercrossplane.io" }, [all, closer, named])).toEqual([]);
    expect(stagesFor({ ...bucket, group: "crossplane.io" }, [all])).toEqual([]);
  });
});

describe("a stage", () => {
  test("is for the version that is stored, and marked with the definition", () => {
    const fitted = fitStage(stage("cert-manager.io/v1alpha2", "Certificate"), certificates);
    expect(fitted.spec).toMatchObject({
      resourceRef: { apiGroup: "cert-manager.io/v1", kind: "Certificate" },
    });
    expect(fitted.metadata).toEqual({
      name: "Certificate",
      annotations: { "gitops-rehearsal/definition": "1" },
    });
  });

  test("for all kinds has a name for each", () => {
    const fitted = fitStage(stage("*.io", "*", "any"), certificates);
    expect(fitted.metadata.name).toBe("any.certificates.cert-manager.io");
  });

  test("writes the object where the status is no subresource, once, as that raises the generation", () => {
    const own = stage("cert-manager.io/v1", "Certificate");
    const fitted = fitStage(own, { ...certificates, statusSubresource: false });
    expect(fitted.spec).toMatchObject({
      selector: { matchExpressions: [{ key: ".status", operator: "DoesNotExist" }] },
      steps: [{ patch: { template: "seen: {{ add .metadata.generation 1 }}" } }],
    });
    expect(JSON.stringify(fitted.spec)).not.toContain("subresource");
    expect(JSON.stringify(own.object.spec)).toContain("subresource");
  });
});
