/**
 * The part of JSON Schema (draft 2020-12) that our kinds need. One value serves three readers: the check of manifests
 * (structure.ts), editors (the files under docs/schemas), and later the custom resource definitions.
 */

export type Schema = ObjectSchema | ListSchema | TextSchema | IntegerSchema | AnySchema;

interface Described {
  readonly description?: string;
  /** The first one is shown where something else stands. */
  readonly examples?: readonly unknown[];
}

export interface ObjectSchema extends Described {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** `false`: no other fields. A schema: what the values of all other keys are. */
  readonly additionalProperties: false | TextSchema;
}

export interface ListSchema extends Described {
  readonly type: "array";
  readonly items: Schema;
}

export interface TextSchema extends Described {
  readonly type: "string";
  readonly enum?: readonly string[];
  readonly default?: string;
  /** The reader of this field explains every bad value itself, numbers included. */
  readonly format?: "ip" | "cidr" | "duration" | "cron";
}

export interface IntegerSchema extends Described {
  readonly type: "integer";
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}

/** Whatever stands here is not looked at. */
export interface AnySchema extends Described {
  readonly type?: never;
}
