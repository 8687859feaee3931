/** One write to the kernel. A difference is an ordered list of them; executing it leaves nothing to decide. */
import type { ConnectionFilter } from "./kernel/conntrack.ts";
import type { Forwarding, Rule, VxlanDevice } from "./kernel/ip.ts";
import type { TableDeclaration } from "./kernel/nft/declaration.ts";
import type { Transaction } from "./kernel/nft/transaction.ts";

type Write =
  | { readonly do: "install-table"; readonly declaration: TableDeclaration }
  | { readonly do: "apply"; readonly transaction: Transaction }
  | { readonly do: "create-overlay"; readonly device: VxlanDevice }
  | { readonly do: "delete-link"; readonly device: string }
  | { readonly do: "settle-overlay"; readonly mtu: number }
  | { readonly do: "loosen-rp-filter" }
  | { readonly do: "add-address"; readonly device: string; readonly ip: string; readonly label: string }
  | { readonly do: "delete-address"; readonly device: string; readonly ip: string }
  | { readonly do: "announce-address"; readonly device: string; readonly ip: string }
  | { readonly do: "put-route" }
  | { readonly do: "put-neighbour" }
  | { readonly do: "add-rule"; readonly rule: Rule }
  | { readonly do: "delete-rule"; readonly rule: Rule }
  | { readonly do: "put-forwarding"; readonly entry: Forwarding }
  | { readonly do: "delete-forwarding"; readonly entry: Forwarding }
  | { readonly do: "forget-connections"; readonly filter: ConnectionFilter };

export type Action = Write & {
  /** What it changes, in words, as the report names it; several where one transaction changes several things. */
  readonly says: readonly string[];
};
