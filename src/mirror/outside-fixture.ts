import { afterAll, afterEach, beforeAll } from "vitest";
import type { Mirror, MirrorOptions } from "./mirror.ts";
import { type HttpsHost, openTestMirror, startHost } from "./mirror-fixture.ts";
import type { World } from "./world.ts";
import { type Place, usePlace } from "./world-fixture.ts";

/** A world, and a server that stands for every host outside it. */
export interface Outside {
  place: Place;
  world: World;
  host: HttpsHost;
  /** A mirror to which every host is `host`, but for those that end in `.invalid`. Disposed after the test. */
  open(options?: Partial<MirrorOptions>): Promise<Mirror>;
}

export function useOutside(): Outside {
  const place = usePlace("file");
  const opened: AsyncDisposable[] = [];
  const outside: Outside = { place, world: undefined as never, host: undefined as never, open };
  beforeAll(async () => {
    await place.cloneWithChange();
    outside.world = await place.prepare();
    outside.host = await startHost(
      ["github.com", "charts.example", "objects.example"],
      (incoming, response) => {
        const path = incoming.url ?? "";
        if (path === "/other/echo") {
          response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-host": incoming.headers.host });
          incoming.pipe(response);
        } else if (path === "/other/asset") {
          response.writeHead(302, { location: "https://objects.example/asset?signature=secret" }).end();
        } else if (path.startsWith("/o/old/info/refs")) {
          response.writeHead(301, { location: path.replace("/o/old", "https://github.com/o/r") }).end();
        } else if (path === "/other/loop") {
          response.writeHead(302, { location: "/other/loop" }).end();
        } else if (path.startsWith("/o/r.git/info/lfs/")) {
          response.writeHead(200, { "content-type": "application/vnd.git-lfs+json" });
          incoming.pipe(response);
        } else {
          response.end(`${incoming.method} ${incoming.headers.host}${path}`);
        }
      },
    );
  });
  afterEach(async () => {
    for (const item of opened.splice(0)) await item[Symbol.asyncDispose]();
    outside.host.requests.length = 0;
  });
  afterAll(() => outside.host[Symbol.asyncDispose]());
  return outside;

  async function open(options: Partial<MirrorOptions> = {}): Promise<Mirror> {
    const mirror = await openTestMirror(outside.world, {
      folder: await place.newFolder(),
      ...options,
      upstream: {
        authorities: outside.host.authority,
        route: (name) =>
          name.endsWith(".invalid") ? undefined : { host: "127.0.0.1", port: outside.host.port },
        ...options.upstream,
      },
    });
    opened.push(mirror);
    return mirror;
  }
}
