import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Stands between GitHub's newest client and the artifact server of act 0.2.89, which differ in three points that
 * say nothing about an archive: the server refuses the field `mime_type`, it closes the connection when asked
 * for the artifacts of a run that has none, and the client loses the `=` at the end of the signature in a URL.
 */
export async function relayTo(target: string): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
    const answer = await fetch(new URL(request.url ?? "/", target), {
      method: request.method ?? "POST",
      headers: {
        authorization: request.headers.authorization ?? "",
        "content-type": "application/json",
      },
      body: JSON.stringify({ ...body, mime_type: undefined, mimeType: undefined }),
    }).catch(() => undefined);
    const text = (await answer?.text()) ?? "{}";
    response.writeHead(answer?.status ?? 200, { "content-type": "application/json" });
    response.end(text.replace(/(?<=[?&]sig=)[^&"]*/, encodeURIComponent));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, server };
}
