/**
 * The reconciler's memory on the status branch: after a restart it is all it knows about earlier decisions. People and
 * programs can write to the branch, so what is read back is checked, and refused as a whole rather than half believed.
 */
import { z } from "zod";
import type { Previous } from "../../policies/model.ts";

export const statePath = "state.json";

export interface StoredState {
  readonly cluster: string;
  /** Id of the commit whose manifests are in force; null before the first. */
  readonly applied: string | null;
  readonly previous: Previous;
}

export type ReadState =
  | { readonly kind: "state"; readonly state: StoredState }
  /** Nothing was stored yet. */
  | { readonly kind: "none" }
  /** `message` is one line and names the file. */
  | { readonly kind: "refused"; readonly message: string };

const version = 1;

export function statePage(state: StoredState): string {
  const { cluster, applied, previous } = state;
  return `${JSON.stringify({ version, cluster, applied, previous }, undefined, 2)}\n`;
}

/** `files` is what the status branch holds, undefined when there is none. */
export function readState(files: ReadonlyMap<string, string> | undefined, cluster: string): ReadState {
  if (files === undefined) return { kind: "none" };
  const text = files.get(statePath);
  if (text === undefined) return refused("it is missing, although the branch exists");
  const json = parseJson(text);
  if (json === undefined) return refused("it is not JSON");
  const parsed = StoredStateSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(`${issue?.path.join(".") || "the document"}: ${issue?.message ?? "not as written by Sallyport"}`);
  }
  const { applied, previous } = parsed.data;
  if (parsed.data.cluster !== cluster) return refused("it belongs to another cluster");
  const why = contradiction(previous);
  if (why !== undefined) return refused(why);
  return { kind: "state", state: { cluster, applied, previous } };
}

const EgressId = z.int().min(1).max(16_383);
const ObjectId = z.string().regex(/^[0-9a-f]{40}$/);
const Name = z.string().min(1).max(253);
const Address = z.union([z.ipv4(), z.ipv6()]);

const PreviousSchema: z.ZodType<Previous> = z.strictObject({
  allocations: z.array(z.strictObject({ ip: Address, id: EgressId, node: Name.nullable() })),
  holders: z.array(z.strictObject({ ip: Address, id: EgressId, nodes: z.array(Name) })),
  lastId: z.int().min(0).max(16_383),
  rebalance: z.string().default(""),
  policies: z.record(
    Name,
    z.strictObject({
      group: z.string().min(3).max(507),
      state: z.enum(["active", "held", "refused"]),
      ip: Address.nullable(),
    }),
  ),
  takeOvers: z.record(Address, z.strictObject({ node: Name, epoch: z.int().min(1) })).default({}),
  witnesses: z
    .strictObject({ version: z.int().min(0), members: z.array(z.string().min(3).max(400)).max(9) })
    .default({ version: 0, members: [] }),
  agents: z
    .record(
      Name,
      z.strictObject({
        publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
        underlayMac: z
          .string()
          .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
          .nullable(),
      }),
    )
    .default({}),
});

const StoredStateSchema = z.strictObject({
  version: z.literal(version),
  cluster: z.string(),
  applied: ObjectId.nullable(),
  previous: PreviousSchema,
});

/** Two addresses with one id would share their traffic; one address in two rows could be on two nodes. */
function contradiction({ allocations, holders }: Previous): string | undefined {
  for (const rows of [allocations, holders]) {
    const ips = rows.map(({ ip }) => ip).sort();
    const repeated = ips.find((ip, index) => ip === ips[index + 1]);
    if (repeated !== undefined) return `${repeated} occurs twice`;
  }
  const addressOf = new Map<number, string>();
  for (const { id, ip } of [...allocations, ...holders]) {
    const other = addressOf.get(id);
    if (other !== undefined && other !== ip) return `${other} and ${ip} have the same id ${id}`;
    addressOf.set(id, ip);
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(why: string): ReadState {
  return { kind: "refused", message: `${statePath} on the status branch is not believed: ${why}` };
}
