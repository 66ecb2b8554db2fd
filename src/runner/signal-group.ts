/** Sends a signal to a process and all of its group. Gives whether there was anyone to receive it. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (leader === undefined) return false;
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/** Where nobody reaps orphans at once (a container's first process), the dead stay listed for a while. */
const reapingMs = 500;

/** Waits until nobody of a group that was killed is left, which comes some moments after its leader's end. */
export async function untilGroupGone(leader: number | undefined): Promise<void> {
  const deadline = Date.now() + reapingMs;
  while (signalGroup(leader, 0) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
