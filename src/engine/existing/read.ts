import { ApiError, type KubeClient } from "../../kubernetes/client.ts";

/** What is at a path of the API, undefined where nothing is. Throws ApiError on any other failure. */
export async function readIfThere<T>(client: KubeClient, path: string): Promise<T | undefined> {
  try {
    return (await client.request("GET", path)) as T;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
