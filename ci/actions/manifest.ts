import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { UsageError } from "../../src/runner/errors.ts";

const described = z.string().regex(/^[A-Z`].*\.$/, "is a sentence");

/** What every `action.yml` of ours holds, and nothing else. */
const manifestSchema = z.strictObject({
  name: z.string().min(1),
  description: described.max(125, "GitHub Marketplace shows 125 characters"),
  author: z.string().optional(),
  branding: z.strictObject({
    icon: z.string().min(1),
    color: z.enum(["white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"]),
  }),
  inputs: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/),
      z.strictObject({
        description: described,
        default: z.string().optional(),
        required: z.boolean().optional(),
      }),
    )
    .default({}),
  outputs: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.strictObject({ description: described }))
    .default({}),
  runs: z.strictObject({
    using: z.literal("node24"),
    main: z.string(),
    post: z.string().optional(),
    // Whatever an action owns is released also where the job failed or was cancelled, which is the default.
    "post-if": z.literal("always()").optional(),
  }),
});

export type ActionManifest = z.infer<typeof manifestSchema>;

/** Reads an `action.yml`. Throws UsageError with the first thing in it that is not as it should be. */
export async function readManifest(file: string): Promise<ActionManifest> {
  const { success, data, error } = manifestSchema.safeParse(parse(await readFile(file, "utf8")));
  if (success) return data;
  const [issue] = error.issues;
  throw new UsageError(`${file}: ${issue?.path.join(".")}: ${issue?.message}`);
}
