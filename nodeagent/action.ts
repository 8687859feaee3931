/** One write to the kernel. A difference is an ordered list of them; executing it leaves nothing to decide. */
import type { Family } from "./addresses.ts";
import type { Settlement } from "./connections/judge.ts";
import type { ConnectionFilter } from "./kernel/conntrack.ts";
import type { AddressMark, Forwarding, Rule, VxlanDevice } from "./kernel/ip.ts";
import type { TableDeclaration, TableName } from "./kernel/nft/declaration.ts";
import type { Elements, Transaction } from "./kernel/nft/transaction.ts";

type Write =
  | {
      readonly do: "install-table";
      readonly declaration: TableDeclaration;
      readonly elements: ReadonlyMap<string, Elements>;
    }
  | { readonly do: "remove-table"; readonly table: TableName }
  | { readonly do: "apply"; readonly transaction: Transaction }
  | { readonly do: "create-overlay"; readonly device: VxlanDevice }
  | { readonly do: "delete-link"; readonly device: string }
  | { readonly do: "settle-overlay"; readonly mtu: number }
  | { readonly do: "write-sysctl"; readonly path: string; readonly value: number }
  | { readonly do: "add-address"; readonly device: string; readonly ip: string; readonly mark: AddressMark }
  | { readonly do: "delete-address"; readonly device: string; readonly ip: string }
  | { readonly do: "announce-address"; readonly device: string; readonly mac: string; readonly ip: string }
  | { readonly do: "put-route"; readonly family: Family }
  | { readonly do: "put-neighbour"; readonly family: Family }
  | { readonly do: "delete-routes"; readonly family: Family }
  | { readonly do: "add-rule"; readonly rule: Rule }
  | { readonly do: "delete-rule"; readonly rule: Rule }
  | { readonly do: "put-forwarding"; readonly entry: Forwarding }
  | { readonly do: "delete-forwarding"; readonly entry: Forwarding }
  | { readonly do: "settle-connections"; readonly settlement: Settlement }
  | { readonly do: "forget-connections"; readonly filter: ConnectionFilter };

export type Action = Write & {
  /** What it changes, in words, as the report names it; several where one transaction changes several things. */
  readonly says: readonly string[];
};
