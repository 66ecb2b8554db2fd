import { describe, expect, it } from "vitest";
import { secretsInText } from "./declared-secrets.ts";

describe("what is secret in a file", () => {
  it("are Secrets, also in Lists and beside other documents", () => {
    const { secrets } = secretsInText(`kind: ConfigMap
data: { token: no-secret-here }
---
apiVersion: v1
kind: List
items:
  - kind: Secret
    stringData: { a: hunter2-hunter2 }
---
kind: SealedSecret
spec: { encryptedData: { a: AgBy3i4OJSWK }, template: { metadata: { name: token } } }
`);
    expect(secrets.map(({ stringData }) => stringData)).toEqual([{ a: "hunter2-hunter2" }]);
  });

  it("are Secrets that no API server takes", () => {
    const { secrets } = secretsInText("kind: Secret\ndata: { a: no base64!, b: 12345678 }\n");
    expect(secrets).toMatchObject([{ data: { a: "no base64!", b: 12345678 } }]);
  });

  it("is all that stands below the data of a Secret that does not parse", () => {
    const { values } = secretsInText(`apiVersion: v1
kind: Secret
metadata:
  name: shown
stringData:
  one: "hunter2-hunter2"
  two: [unclosed-value
  three: |
    a line of a key
type: Opaque
`);
    expect(values).toContain("hunter2-hunter2");
    expect(values).toContain("[unclosed-value");
    expect(values).toContain("a line of a key");
    expect(values).not.toContain("shown");
    expect(values).not.toContain("Opaque");
  });

  it.each([
    [
      "kustomize's generators",
      "secretGenerator:\n  - name: s\n    literals: [password=hunter2-a, \"b='hunter2 b'\"]\n",
      ["hunter2-a", "hunter2 b", "'hunter2 b'"],
    ],
    ["values files", "db:\n  auth: { password: hunter2-a, existingSecret: name-of-it }\n", ["hunter2-a"]],
    [
      "values in an Application",
      "kind: Application\nspec:\n  source:\n    helm:\n      valuesObject: { adminPassword: hunter2-a }\n      values: |\n        apiKey: hunter2-b\n        x: y\n",
      ["hunter2-a", "hunter2-b"],
    ],
    [
      "URLs",
      "kind: Application\nspec: { source: { repoURL: https://me:p%40ssword@git.example.com/r } }\n",
      ["p%40ssword", "p@ssword"],
    ],
    ["templates, none", 'kind: Secret\nstringData: { password: "{{ .Values.password }}" }\n', []],
    [
      "names of Secrets and keys, none",
      "spec:\n  data:\n    - secretKey: password\n      remoteRef: { key: token }\n",
      [],
    ],
  ])("of %s", (_, text, expected) => expect(new Set(secretsInText(text).values)).toEqual(new Set(expected)));
});
