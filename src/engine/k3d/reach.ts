import { createServer } from "node:net";
import { InfrastructureError } from "../../runner/errors.ts";
import type { MirrorReach } from "../engine.ts";
import { docker } from "./docker.ts";

/** The name that k3d writes into the hosts of every node, and into the cluster's DNS. */
const hostName = "host.k3d.internal";

/**
 * How a cluster on a network of Docker's reaches this machine: by the network's gateway, which is an address
 * of ours, so that nothing but its containers can. Throws InfrastructureError where that is not so.
 */
export async function mirrorReach(
  network: string,
  { isThisSystem, signal }: { isThisSystem: boolean; signal: AbortSignal },
): Promise<MirrorReach> {
  // Docker Desktop forwards from its virtual machine to our loopback address, and k3d finds out from where.
  // Nobody has tried this with a rehearsal yet.
  if (!isThisSystem) return { bind: "127.0.0.1", host: hostName, address: undefined };
  const gateways = await docker(
    ["network", "inspect", "--format", "{{range .IPAM.Config}}{{println .Gateway}}{{end}}", "--", network],
    { signal },
  );
  const gateway = gatewayIn(gateways);
  if (gateway !== undefined && (await isOurs(gateway))) {
    return { bind: gateway, host: hostName, address: gateway };
  }
  throw new InfrastructureError(
    `the network ${network} has the gateway ${gateway ?? "none"}, which is no address of this system`,
    {
      fix: "Docker's own system has to run the rehearsal: not a container that only has its socket, and not rootless Docker.",
    },
  );
}

/** The first IPv4 address in lines of gateways, which may have a prefix length. */
export function gatewayIn(lines: string): string | undefined {
  const found = lines.split("\n").map((line) => line.trim().replace(/\/\d+$/, ""));
  return found.find((line) => /^\d+\.\d+\.\d+\.\d+$/.test(line));
}

/** Whether one can listen on an address. The list of interfaces would lack those without a carrier. */
function isOurs(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
