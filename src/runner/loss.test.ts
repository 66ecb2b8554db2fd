import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ChangeError, InfrastructureError, UsageError } from "./errors.ts";
import { reasonOfFailure } from "./loss.ts";

const death = new InfrastructureError("kube-apiserver was killed");

test("a failure that comes a moment before the loss it is due to is explained by the loss", async () => {
  const lost = new AbortController();
  const explained = reasonOfFailure(new ChangeError("helm: connection refused"), lost.signal);
  await sleep(20);
  lost.abort(death);
  expect(await explained).toBe(death);
});

test("a failure after the loss is explained by the loss", async () => {
  expect(await reasonOfFailure(new UsageError("no such file"), AbortSignal.abort(death))).toBe(death);
});

test("a failure without a loss stays what it is", async () => {
  const failure = new InfrastructureError("disk full");
  expect(await reasonOfFailure(failure, new AbortController().signal)).toBe(failure);
});
