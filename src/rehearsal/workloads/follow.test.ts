import { expect, test } from "vitest";
import { startApi } from "../../kubernetes/api-fixture.ts";
import { silentLog } from "../../runner/log.ts";
import { backsOff, owner, pod } from "../../workloads/pod-fixture.ts";
import { managing, passing, underTest } from "../application-fixture.ts";
import { createBoard } from "../board.ts";
import { containerPace } from "../pace.ts";
import { followWorkloads, waitWithin } from "./follow.ts";

const kinds = {
  pods: "v1 Pod",
  nodes: "v1 Node cluster",
  persistentvolumeclaims: "v1 PersistentVolumeClaim",
  events: "v1 Event",
  secrets: "v1 Secret",
  deployments: "apps/v1 Deployment",
};

test("what runs explains the Applications that did not pass, and no others", async () => {
  await using api = await startApi(kinds);
  api.put(pod({ owners: [owner("Deployment", "web")], status: backsOff(3) }));
  const { signal } = new AbortController();
  using followed = followWorkloads({ client: api.client, log: silentLog, signal });
  const board = createBoard({
    underTest,
    allowEmpty: [],
    settleMs: 1_000,
    pace: containerPace,
    workloads: followed.workloads,
  });
  board.observe("Application", managing([{}], { "status.health.status": "Progressing" }), false, Date.now());
  board.observe("Application", passing("blog"), false, Date.now());
  await expect
    .poll(
      () => {
        board.conclude(Date.now());
        return board.all.get("Application/argocd/web")?.finding.state;
      },
      { timeout: 10_000 },
    )
    .toBe("suspect");
  const diagnoses = await followed.diagnose(board.all, undefined);
  expect([...diagnoses.keys()]).toEqual(["argocd/web"]);
  expect(diagnoses.get("argocd/web")?.pods.map(({ pod }) => pod)).toEqual(["web/web-1"]);
});

test("the wait leaves half a minute of a rehearsal, or half of it where it is short", () => {
  expect(waitWithin(600_000)).toBe(570_000);
  expect(waitWithin(40_000)).toBe(20_000);
});
