/** The schemas as editors read them: JSON Schema draft 2020-12, the files under docs/schemas. */
import type { ObjectSchema, Schema, TextSchema } from "./schema.ts";
import { type OurKind, SCHEMAS } from "./schemas.ts";

/** Looser than the readers, which explain what is wrong; never stricter. */
const PATTERNS: Readonly<Record<NonNullable<TextSchema["format"]>, string>> = {
  ip: "^[0-9A-Fa-f:.]+$",
  cidr: "^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
  duration: "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
  cron: "^\\s*\\S+(\\s+\\S+){4}\\s*$",
};

export function jsonSchema(kind: OurKind): Record<string, unknown> {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: kind, ...convert(SCHEMAS[kind]) };
}

function convert(schema: Schema): Record<string, unknown> {
  if (schema.type === "object") return convertObject(schema);
  if (schema.type === "array") return { ...schema, items: convert(schema.items) };
  if (schema.type !== "string" || schema.format === undefined) return { ...schema };
  const { format, ...rest } = schema;
  return { ...rest, pattern: PATTERNS[format] };
}

function convertObject({ properties, additionalProperties, ...rest }: ObjectSchema): Record<string, unknown> {
  const fields = Object.entries(properties).map(([name, field]) => [name, convert(field)]);
  return {
    ...rest,
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) }),
    additionalProperties: additionalProperties && convert(additionalProperties),
  };
}
