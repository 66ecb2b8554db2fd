import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/client.ts";
import { pod } from "./pod-fixture.ts";
import { redactMessages, redactor } from "./redact.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function secret(values: Record<string, string>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "web" }, data };
}

describe("the redaction", () => {
  const password = "correct horse/battery+staple";
  const redact = redactor([secret({ password, short: "admin", padded: "  trailing-newline\n" })], []);

  it.each([
    ["as it is", password],
    ["in base64", base64(password)],
    ["in base64 without padding", base64(password).replace(/=+$/, "")],
    ["in base64url", Buffer.from(password).toString("base64url")],
    ["in a URL", encodeURIComponent(password)],
    ["without its line end", "trailing-newline"],
  ])("hides a value %s", (_, spelling) => {
    expect(redact(`before ${spelling} after`)).toBe("before [redacted] after");
  });

  it("hides what is no text by its spelling in base64 alone", () => {
    const binary = Buffer.from([0xff, 0xfe, 1, 2, 3, 4, 5, 6, 10, 97, 98, 99, 100, 101, 102, 10]).toString(
      "base64",
    );
    const keystore = { ...secret({}), data: { keystore: binary } };
    expect(redactor([keystore], [])(`${binary} abcdef`)).toBe("[redacted] abcdef");
  });

  it("of an object is one of its messages alone", () => {
    const status = {
      name: password,
      state: { waiting: { message: `no ${password}` } },
      list: [{ message: password }],
    };
    expect(redactMessages(status, redact)).toEqual({
      name: password,
      state: { waiting: { message: "no [redacted]" } },
      list: [{ message: "[redacted]" }],
    });
  });

  it("leaves what is too short to be told from words", () =>
    expect(redact("user admin logs in")).toBe("user admin logs in"));

  it("hides every line of a value of several, and each place where it stands", () => {
    const many = redactor([secret({ file: "first-line-of-it\nsecond-line-of-it\n" })], []);
    expect(many("a second-line-of-it b first-line-of-it c second-line-of-it")).toBe(
      "a [redacted] b [redacted] c [redacted]",
    );
  });

  it("hides the longer of two values that begin alike as a whole", () => {
    const two = redactor([secret({ a: "abcdef", b: "abcdefghijkl" })], []);
    expect(two("abcdefghijkl abcdef")).toBe("[redacted] [redacted]");
  });

  it("hides a value in JSON's spelling", () => {
    const quoted = redactor([secret({ a: 'pass"word\\x' })], []);
    expect(quoted(JSON.stringify({ a: 'pass"word\\x' }))).toBe('{"a":"[redacted]"}');
  });

  it("names the environment variable whose value it hides", () => {
    const env = [
      { name: "DB_PASSWORD", value: "hunter2-hunter2" },
      { name: "PORT", value: "8080" },
      { name: "FROM" },
    ];
    const ofPod = redactor([], [pod({ container: { env } })]);
    expect(ofPod("login hunter2-hunter2 on 8080")).toBe("login [$DB_PASSWORD] on 8080");
  });

  it.each([
    ["Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"],
    ["connect postgres://app:s3cr3t@db:5432/x", "connect postgres://[redacted]@db:5432/x"],
    ["clone https://ghp_0123456789@github.com/home/lab", "clone https://[redacted]@github.com/home/lab"],
    [`Post "https://host:1/${"0a".repeat(24)}?timeout=10s"`, 'Post "https://host:1/[redacted]?timeout=10s"'],
    ["token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl ok", "token [redacted] ok"],
    ["-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "[redacted]"],
    ['{"password":"whatever-it-is"}', '{"password":"[redacted]"}'],
    ["api_key=1234567", "api_key=[redacted]"],
  ])("hides what looks like a credential: %s", (text, shown) => expect(redactor([], [])(text)).toBe(shown));

  it("leaves what Kubernetes says of Secrets", () => {
    const said =
      'secret "credentials" not found; couldn\'t find key password in Secret shop/half; handled as a Secret: illegal base64 data';
    expect(redactor([], [])(said)).toBe(said);
  });
});
