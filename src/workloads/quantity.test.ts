import { describe, expect, it } from "vitest";
import { pod } from "./pod-fixture.ts";
import { formatQuantity, parseQuantity, requestOf } from "./quantity.ts";

describe("a quantity", () => {
  it.each([
    ["250m", 0.25],
    ["2", 2],
    ["0.5", 0.5],
    ["64Mi", 67_108_864],
    ["1Gi", 1_073_741_824],
    ["1G", 1e9],
    ["128974848", 128_974_848],
    ["12e6", 12_000_000],
    ["1E", 1e18],
    ["100n", 1e-7],
  ])("%s is %d", (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 9));

  it("that is none is nothing", () => {
    expect(parseQuantity(undefined)).toBe(0);
    expect(parseQuantity("plenty")).toBe(0);
  });

  it("is shown as people write it", () => {
    expect(formatQuantity("cpu", 0.1 + 0.2)).toBe("0.3");
    expect(formatQuantity("memory", 2 ** 30 * 1.5)).toBe("1.5 Gi");
    expect(formatQuantity("ephemeral-storage", 2 ** 20 * 64)).toBe("64 Mi");
    expect(formatQuantity("nvidia.com/gpu", 1)).toBe("1");
  });
});

describe("what a Pod requests", () => {
  const asks = (cpu: string) => ({ resources: { requests: { cpu } } });

  it("is the sum of its containers", () => {
    const two = pod({
      spec: {
        containers: [
          { name: "a", ...asks("1") },
          { name: "b", ...asks("500m") },
        ],
      },
    });
    expect(requestOf(two, "cpu")).toBe(1.5);
    expect(requestOf(two, "memory")).toBe(0);
  });

  it("is its largest init container where that is more", () => {
    const initContainers = [
      { name: "i", ...asks("3") },
      { name: "j", ...asks("1") },
    ];
    expect(requestOf(pod({ spec: { initContainers }, container: asks("2") }), "cpu")).toBe(3);
  });

  it("counts a sidecar beside the containers, and beside the init containers after it", () => {
    const initContainers = [
      { name: "side", restartPolicy: "Always", ...asks("1") },
      { name: "i", ...asks("3") },
    ];
    expect(requestOf(pod({ spec: { initContainers }, container: asks("2") }), "cpu")).toBe(4);
    expect(
      requestOf(pod({ spec: { initContainers: initContainers.slice(0, 1) }, container: asks("2") }), "cpu"),
    ).toBe(3);
  });

  it("is the limit where nothing is requested, and has the overhead of its runtime class", () => {
    expect(
      requestOf(
        pod({ container: { resources: { limits: { cpu: "2" } } }, spec: { overhead: { cpu: "250m" } } }),
        "cpu",
      ),
    ).toBe(2.25);
    expect(requestOf(pod({ container: { resources: { limits: { cpu: "2" } } } }), "cpu")).toBe(2);
  });
});
