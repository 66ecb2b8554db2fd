import type { Socket } from "node:net";

const longestCommand = 64 * 1024;

/** The first line that comes, and the socket stays open; undefined where it ends before, or the line has no end. */
export function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > longestCommand) socket.destroy();
    });
    socket.once("close", () => resolve(undefined));
  });
}

/** Every whole line until the socket ends; what stands after the last is dropped. */
export async function* readLines(socket: Socket): AsyncGenerator<string> {
  let text = "";
  socket.setEncoding("utf8");
  for await (const chunk of socket) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
