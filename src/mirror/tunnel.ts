import type { Socket } from "node:net";

/** Connects two sockets until both sides have ended, or either fails. */
export function splice(left: Socket, right: Socket): void {
  if (left.destroyed || right.destroyed) {
    left.destroy();
    right.destroy();
    return;
  }
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.on("error", () => to.destroy());
    from.once("close", () => {
      // After a regular end, what is still on its way to the other side may arrive.
      if (!from.readableEnded) to.destroy();
    });
    from.pipe(to);
  }
}
