/** The part of nft's JSON (libnftables-json(5)) that is written by us; what is read is narrowed in listing.ts. */

export type NftExpression =
  | { readonly meta: { readonly key: string } }
  | { readonly ct: { readonly key: string } }
  | { readonly payload: { readonly protocol: string; readonly field: string } }
  | { readonly prefix: NftPrefix }
  | { readonly concat: readonly NftExpression[] }
  | { readonly "&": readonly [NftExpression, number] }
  | { readonly "|": readonly [NftExpression, number] }
  | string
  | number;

interface NftPrefix {
  readonly addr: string;
  readonly len: number;
}

export type NftVerdict =
  | { readonly goto: { readonly target: string } }
  | { readonly accept: null }
  | { readonly drop: null }
  | { readonly return: null };

export type NftStatement =
  | NftVerdict
  | { readonly match: { readonly op: "=="; readonly left: NftExpression; readonly right: NftExpression } }
  | { readonly mangle: { readonly key: NftExpression; readonly value: NftExpression } };

interface InTable {
  readonly family: string;
  readonly table: string;
}

interface NftChain extends InTable {
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}

interface NftRule extends InTable {
  readonly chain: string;
  readonly comment: string;
  readonly expr: readonly NftStatement[];
}

interface NftElements extends InTable {
  readonly name: string;
  readonly elem: readonly (NftExpression | readonly [NftExpression, NftExpression | NftVerdict])[];
}

export type NftCommand =
  | { readonly add: { readonly chain: NftChain } | { readonly rule: NftRule } | { readonly element: NftElements } }
  | { readonly delete: { readonly chain: NftChain } | { readonly element: NftElements } }
  | {
      readonly flush:
        | { readonly chain: NftChain }
        | { readonly set: InTable & { readonly name: string } }
        | { readonly map: InTable & { readonly name: string } };
    };
