import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { InfrastructureError } from "../../runner/errors.ts";
import { silentLog } from "../../runner/log.ts";
import { tempFolder } from "../../toolchain/testing/temp-folder.ts";
import { tryDocker } from "./docker.ts";
import { describeHost, diskOf, isRemote, judgeHost, preflight } from "./preflight.ts";

const disk = { folder: "/var/lib/docker", free: 60e9, total: 200e9 };
const roomy = { cpus: 4, memory: 16e9, freeMemory: 12e9, disk };

describe("a machine", () => {
  it("with room is fine", () => {
    expect(judgeHost(roomy)).toEqual({ hopeless: undefined, tight: [] });
  });

  it("of which the disk is unknown is fine", () => {
    expect(judgeHost({ ...roomy, disk: undefined, freeMemory: undefined }).tight).toEqual([]);
  });

  it("without memory is hopeless, with the numbers", () => {
    expect(judgeHost({ ...roomy, memory: 1e9 }).hopeless).toBe(
      "Docker has 1.0 GB of memory, about 3.5 GB is needed",
    );
  });

  it("without disk is hopeless, with the numbers", () => {
    expect(judgeHost({ ...roomy, disk: { ...disk, free: 0.4e9, total: 14e9 } }).hopeless).toBe(
      "400 MB of 14 GB are free in /var/lib/docker, about 6.0 GB is needed",
    );
  });

  it.each([
    [{ freeMemory: 2e9 }, "Memory is tight: 2.0 GB of 16 GB is free"],
    [{ memory: 3e9, freeMemory: undefined }, "Memory is tight: 3.0 GB of 3.0 GB is free"],
    [{ disk: { ...disk, free: 4e9 } }, "Disk is tight: 4.0 GB of 200 GB are free in /var/lib/docker"],
    [
      { disk: { ...disk, free: 8e9 } },
      "Disk is tight: 8.0 GB of 200 GB are free in /var/lib/docker, and below 5 % k3s starts no Pods",
    ],
    [{ cpus: 1 }, "Docker has 1 processor: a cluster is slow with less than 2"],
  ])("with %j is tight", (change, warning) => {
    expect(judgeHost({ ...roomy, ...change })).toEqual({ hopeless: undefined, tight: [warning] });
  });
});

it("a host is told in words", () => {
  const disk = { folder: "/var/lib/docker", free: 49e9, total: 252e9 };
  const host = { cpus: 2, memory: 24e9, freeMemory: undefined, isThisSystem: true };
  expect(describeHost({ ...host, disk })).toBe(
    "2 processors, 24 GB of memory, 49 GB of 252 GB are free in /var/lib/docker",
  );
  expect(describeHost({ ...host, cpus: 1, disk: undefined })).toBe("1 processor, 24 GB of memory");
});

describe("an endpoint", () => {
  it.each([
    ["unix:///var/run/docker.sock", false],
    ["npipe:////./pipe/docker_engine", false],
    ["tcp://127.0.0.1:2375", false],
    ["tcp://localhost:2375", false],
    ["tcp://[::1]:2375", false],
    ["tcp://docker:2376", true],
    ["tcp://localhost.example.com:2375", true],
    ["ssh://user@localhost", true],
    ["tcp://10.0.0.1", true],
  ])("%s", (endpoint, remote) => {
    expect(isRemote(endpoint)).toBe(remote);
  });
});

it("a disk has numbers, and none where there is no folder", async () => {
  const found = await diskOf(tmpdir());
  expect(found?.free).toBeGreaterThan(0);
  expect(found?.total).toBeGreaterThanOrEqual(found?.free ?? Number.NaN);
  expect(await diskOf("/nowhere/at/all")).toBeUndefined();
});

describe("without Docker", () => {
  it("says that the command is missing", async () => {
    vi.stubEnv("PATH", await tempFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    const failure = preflight(silentLog, new AbortController().signal);
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow("there is no docker command on the PATH");
  });
});

// The client alone is enough for what it says of daemons that it does not reach.
describe.runIf(await hasClient())("a client of Docker's without its daemon", () => {
  it("says where it looked", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${await tempFolder()}/none.sock`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const failure = preflight(silentLog, new AbortController().signal);
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow(/^Docker does not answer: .*none\.sock/);
  });
});

async function hasClient(): Promise<boolean> {
  return tryDocker(["--version"]).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}
