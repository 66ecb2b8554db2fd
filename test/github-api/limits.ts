import type { DescribedRequest } from "./description.ts";

/** A JSON schema, as far as it is walked here. */
interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  type?: string;
  enum?: unknown[];
  additionalProperties?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
}

interface Tree {
  paths: Record<string, Record<string, unknown>>;
  components: Record<string, Record<string, unknown>>;
}

interface Body {
  requestBody?: { content?: Record<string, { schema?: Schema }> };
}

/**
 * Adds to the description what GitHub enforces or ignores without saying so there: limits of lengths, and that
 * what a body has beyond the described fields is a mistake, which GitHub silently drops.
 */
export function tighten<T extends Tree>(description: T): T {
  for (const methods of Object.values(description.paths)) {
    for (const operation of Object.values(methods) as Body[]) {
      const schema = operation.requestBody?.content?.["application/json"]?.schema;
      if (schema !== undefined) tightenSchema(schema);
    }
  }
  const schemas = description.components.schemas as Record<string, Schema> | undefined;
  for (const name of ["pull-request", "pull-request-simple"]) {
    const head = schemas?.[name]?.properties?.head?.properties;
    // The description denies it, but a fork that was deleted is `null`.
    if (head?.repo !== undefined) head.repo = { anyOf: [head.repo, { enum: [null] }] };
  }
  return description;
}

/** By the name of the property. */
const limits: Record<string, Pick<Schema, "minLength" | "maxLength" | "minimum">> = {
  // "Body is too long (maximum is 65536 characters)", "Body can't be blank".
  body: { minLength: 1, maxLength: 65_536 },
  start_line: { minimum: 1 },
  end_line: { minimum: 1 },
  // Annotations say 255 characters; GitHub's database has as many for the others.
  title: { maxLength: 255 },
  name: { minLength: 1, maxLength: 255 },
  path: { minLength: 1 },
  message: { minLength: 1 },
};

function tightenSchema(schema: Schema): void {
  // The variants of a oneOf (check runs: by status) repeat a few fields, and each has to let the others' pass.
  if (schema.properties !== undefined && schema.oneOf === undefined && schema.anyOf === undefined) {
    schema.additionalProperties = false;
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.type !== "object") Object.assign(property, limits[name]);
    tightenSchema(property);
  }
  if (schema.items !== undefined) tightenSchema(schema.items);
}

/** Limits that no JSON schema can say: of bytes, and between fields. */
export function beyondSchema({ method, path, headers, query, body }: DescribedRequest): string[] {
  const problems: string[] = [];
  if (headers["user-agent"] === undefined) problems.push("GitHub demands a User-Agent");
  if (method === "GET" && body !== undefined) problems.push("a GET has a body");
  if (Number(query.per_page ?? 1) > 100) problems.push("per_page is more than 100");
  const head = query.head;
  if (path.endsWith("/pulls") && head !== undefined && !/^[^:]+:.+$/.test(String(head))) {
    problems.push(`GitHub ignores a head that is no owner:branch: ${head}`);
  }
  for (const [index, annotation] of annotationsOf(body).entries()) {
    const where = `annotation ${index}`;
    for (const field of ["message", "raw_details"]) {
      const bytes = Buffer.byteLength(String(annotation[field] ?? ""));
      if (bytes > 64 * 1024) problems.push(`${where}: ${field} has ${bytes} bytes`);
    }
    if (Number(annotation.end_line) < Number(annotation.start_line))
      problems.push(`${where} ends before it starts`);
    if (/^\/|^\.{1,2}\//.test(String(annotation.path))) problems.push(`${where}: path is not from the top`);
  }
  return problems;
}

function annotationsOf(body: unknown): Record<string, unknown>[] {
  const output = (body as { output?: { annotations?: Record<string, unknown>[] } } | undefined)?.output;
  return output?.annotations ?? [];
}
