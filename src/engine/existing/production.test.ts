import { describe, expect, test } from "vitest";
import { UsageError } from "../../runner/errors.ts";
import { productionWord, refuseProduction } from "./production.ts";

describe("a name says production", () => {
  test.each([
    ["prod", "prod"],
    ["PROD", "PROD"],
    ["prd", "prd"],
    ["live", "live"],
    ["production", "production"],
    ["eu-prod-1", "prod"],
    ["prod01", "prod"],
    ["k8s_prd", "prd"],
    ["acmeProd", "Prod"],
    ["PRODCluster", "PROD"],
    ["api.prod.example.com", "prod"],
    ["gke_acme-production_europe-west1_main", "production"],
    ["arn:aws:eks:eu-west-1:1234:cluster/Live", "Live"],
    ["admin@prod", "prod"],
    ["prod-like", "prod"],
    ["test-prod", "prod"],
    ["non-prod-to-prod", "prod"],
    ["ünder-prod", "prod"],
  ])("%s", (name, word) => {
    expect(productionWord(name)).toBe(word);
  });

  test.each([
    "non-prod",
    "nonprod",
    "NonProd",
    "not_production",
    "preprod",
    "pre-prod",
    "preProduction",
    "reproduce",
    "product",
    "products-test",
    "productivity",
    "olive",
    "delivery",
    "liveness",
    "alive",
    "staging",
    "kind-kind",
    "k3d-homelab",
    "",
  ])("not %s", (name) => {
    expect(productionWord(name)).toBeUndefined();
  });
});

describe("a cluster is refused", () => {
  const names = {
    context: "test",
    cluster: "test",
    user: "admin",
    namespace: undefined,
    server: "https://10.0.0.1:6443",
  };

  test.each([
    [{ context: "prod" }, 'context prod looks like production: its context prod says "prod"'],
    [{ cluster: "main-live" }, 'context test looks like production: its cluster main-live says "live"'],
    [{ user: "prod-admin" }, 'context test looks like production: its user prod-admin says "prod"'],
    [{ namespace: "shop-prd" }, 'context test looks like production: its namespace shop-prd says "prd"'],
    [
      { server: "https://k8s.prod.example.com:6443/k8s" },
      'context test looks like production: its server k8s.prod.example.com says "prod"',
    ],
  ])("for %j", (change, message) => {
    const refused = () => refuseProduction({ ...names, ...change });
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
  });

  test("for nothing else", () => {
    expect(() => refuseProduction(names)).not.toThrow();
    expect(() => refuseProduction({ ...names, server: "https://host/prod" })).not.toThrow();
  });
});
