import { randomBytes } from "node:crypto";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { badGateway } from "../../test/github-api/failures.ts";
import type { GivenState } from "../../test/github-api/state.ts";
import { UsageError } from "../runner/errors.ts";
import { given, repository, type Stage, stage } from "./api-fixture.ts";
import { type ArtifactQuery, readRunArtifact } from "./run-artifact.ts";

type Given = NonNullable<GivenState["artifacts"]>[number];

const query: ArtifactQuery = {
  repository,
  runId: 100,
  artifact: "rehearsal-report",
  file: "verdict.json",
  maxBytes: 1_000,
};

function report(more: Partial<Given> = {}): Given {
  return { run: 100, name: "rehearsal-report", files: { "verdict.json": "{}", "report.md": "# Ü" }, ...more };
}

function zipped(files: Record<string, Uint8Array>, patch: (zip: Buffer) => void = () => {}): Given {
  const zip = Buffer.from(zipSync(files));
  patch(zip);
  return report({ zip: zip.toString("base64") });
}

async function read(on: Stage, more: Partial<ArtifactQuery> = {}): Promise<string | undefined> {
  return readRunArtifact(on.client, { ...query, ...more });
}

function stageOf(...artifacts: Given[]): Promise<Stage> {
  return stage(given({ artifacts }));
}

/** In the central directory, whose entries begin with this signature. */
function lieAboutSize(zip: Buffer, size: number): void {
  zip.writeUInt32LE(size, zip.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24);
}

describe("an artifact", () => {
  it("gives one file, from the storage that gets no token", async () => {
    await using on = await stageOf(report());
    expect(await read(on)).toBe("{}");
    expect(await read(on, { file: "report.md" })).toBe("# Ü");
    const [id] = on.api.state.artifacts.map((one) => one.id);
    expect(on.asked().slice(0, 3)).toEqual([
      "GET /actions/runs/100/artifacts",
      `GET /actions/artifacts/${id}/zip`,
      `GET /blob/${id}.zip`,
    ]);
  });

  it("is the newest of its name that is there, and of this attempt", async () => {
    const at = (hour: number, content: string, more: Partial<Given> = {}) =>
      report({ createdAt: `2026-01-01T0${hour}:00:00Z`, files: { "verdict.json": content }, ...more });
    await using on = await stageOf(
      at(2, "second"),
      at(1, "first"),
      at(3, "expired", { expired: true }),
      at(4, "other name", { name: "rehearsal-report-2" }),
      at(5, "other run", { run: 101 }),
    );
    expect(await read(on)).toBe("second");
    expect(await read(on, { notBefore: "2026-01-01T03:30:00+01:00" })).toBeUndefined();
    expect(await read(on, { notBefore: "2026-01-01T02:00:00Z" })).toBe("second");
    expect(await read(on, { runId: 102 })).toBeUndefined();
  });

  it("is absent where it goes before it is fetched", async () => {
    await using on = await stageOf(report());
    on.api.before(/zip$/, ({ artifacts }) => {
      for (const one of artifacts) one.expired = true;
    });
    expect(await read(on)).toBeUndefined();
  });

  it("is fetched again where its storage fails", async () => {
    await using on = await stageOf(report());
    on.api.fail(/GET \/blob/, [badGateway, { reset: "before" }]);
    expect(await read(on)).toBe("{}");
    on.api.fail(/GET \/blob/, [badGateway, badGateway, badGateway]);
    await expect(read(on)).rejects.toMatchObject({
      name: "InfrastructureError",
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ did not give the file: 502 Bad Gateway$/),
    });
  });

  it("is refused to a token without the permission", async () => {
    await using on = await stageOf(report());
    const asked = readRunArtifact(on.connect({ token: "reader" }), query);
    await expect(asked).rejects.toMatchObject({ fix: expect.stringContaining("actions: read") });
  });
});

describe("an artifact of ill will", () => {
  async function refusal(artifact: Given, more: Partial<ArtifactQuery> = {}): Promise<string> {
    await using on = await stageOf(artifact);
    const error = await read(on, more).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }

  it("may not be larger than it may be, whatever it states", async () => {
    const large = report({ files: { "verdict.json": "{}", junk: randomBytes(5_000).toString("hex") } });
    expect(await refusal(large, { maxArchiveBytes: 3_000 })).toMatch(/has \d+ bytes, more than 3000\.$/);
    const liar = { ...large, declaredSize: 100 };
    expect(await refusal(liar, { maxArchiveBytes: 3_000 })).toMatch(/has more than 3000 bytes\.$/);
  });

  it("may not unpack to more than it may", async () => {
    const bomb = new Uint8Array(5_000_000);
    const said = "The artifact rehearsal-report of run 100 ";
    expect(await refusal(zipped({ "verdict.json": bomb }))).toBe(
      `${said}has 5000000 bytes in verdict.json, more than 1000.`,
    );
    const lies = zipped({ "verdict.json": bomb }, (zip) => lieAboutSize(zip, 900));
    expect(await refusal(lies)).toBe(`${said}states a wrong size for verdict.json.`);
    await using on = await stageOf(zipped({ junk: bomb, "verdict.json": Buffer.from("{}") }));
    expect(await read(on)).toBe("{}");
  });

  it("gives no file of another name or folder", async () => {
    const files = {
      "../verdict.json": "1",
      "/verdict.json": "2",
      "logs/verdict.json": "3",
      "VERDICT.JSON": "4",
    };
    expect(await refusal(report({ files }))).toMatch(/has no verdict\.json\.$/);
  });

  it("has to be an archive of text", async () => {
    const noZip = report({ zip: Buffer.from("no archive").toString("base64") });
    expect(await refusal(noZip)).toMatch(/is malformed: /);
    expect(await refusal(zipped({ "verdict.json": Uint8Array.of(0xff, 0xfe) }))).toMatch(/is malformed: /);
  });
});
