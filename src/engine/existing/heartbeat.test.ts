import { expect, test } from "vitest";
import { startApi } from "../../kubernetes/api-fixture.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { RecordTaken } from "./record.ts";

const server = "https://api";
const kinds = { leases: "coordination.k8s.io/v1 Lease" };
const lease = (holderIdentity: string) => ({
  status: 200,
  body: JSON.stringify({ metadata: {}, spec: { holderIdentity } }),
});

test("goes on while the API server answers, and short failures do not matter", async () => {
  await using api = await startApi(kinds);
  let asked = 0;
  api.intercept(() => (++asked % 2 === 0 ? { status: 503, body: "busy" } : lease("me")));
  const heartbeat = startHeartbeat(api.client, { holder: "me", server, boundMs: 3_000 });
  await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(2);
  expect(heartbeat.lost.aborted).toBe(false);
  heartbeat.stop();
});

test.each([
  [
    "fails",
    () => ({ status: 503, body: "broken" }),
    /^the API server at https:\/\/api has not answered for .*: broken$/,
  ],
  ["hangs", () => "hang" as const, /^the API server at https:\/\/api has not answered for /],
])("tells of an API server that %s", async (_, answer, message) => {
  await using api = await startApi(kinds);
  api.intercept(answer);
  const heartbeat = startHeartbeat(api.client, { holder: "me", server, boundMs: 1_000 });
  await expect.poll(() => heartbeat.lost.aborted, { timeout: 20_000 }).toBe(true);
  heartbeat.stop();
  expect(heartbeat.lost.reason).toBeInstanceOf(InfrastructureError);
  expect(heartbeat.lost.reason.message).toMatch(message);
});

test.each([
  ["somebody else's", () => lease("them"), /is held by them$/],
  ["gone", () => ({ status: 404, body: "" }), /is held by nobody$/],
])("tells of a record that is %s", async (_, answer, message) => {
  await using api = await startApi(kinds);
  api.intercept(answer);
  const heartbeat = startHeartbeat(api.client, { holder: "me", server, boundMs: 1_000 });
  await expect.poll(() => heartbeat.lost.aborted, { timeout: 20_000 }).toBe(true);
  heartbeat.stop();
  expect(heartbeat.lost.reason).toBeInstanceOf(RecordTaken);
  expect(heartbeat.lost.reason.message).toMatch(message);
});
