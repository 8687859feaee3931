/** What the agent relies on in nftables. Each case holds for the kernel and for the fake. */
import assert from "node:assert/strict";
import { idChain, matchPrefix } from "../../nodeagent/chains.ts";
import { MAIN_TABLE } from "../../nodeagent/constants.ts";
import { versionChain } from "../../nodeagent/kernel/nft/declaration.ts";
import type { Nft } from "../../nodeagent/kernel/nft/nft.ts";
import type { ChainRule, Elements, NftStep } from "../../nodeagent/kernel/nft/transaction.ts";
import { CommandError } from "../../nodeagent/kernel/run.ts";
import { mainTable } from "../../nodeagent/skeleton/main.ts";

export interface ContractCase {
  readonly name: string;
  /** Begins with the main table installed and empty. Throws when the contract is broken. */
  run(nft: Nft): Promise<void>;
}

export const declaration = mainTable({
  overlayPort: 4790,
  overlayMtu: 1450,
  gatewayMode: "stateful",
  portBlock: null,
});
const table = MAIN_TABLE;
const POD = "10.10.1.5 . 02:aa:0a:0a:01:05";
const OTHER_POD = "10.10.1.6 . 02:aa:0a:0a:01:06";
const POD6 = "fd00:10:1::5 . 02:aa:0a:0a:01:05";
const OTHER_POD6 = "fd00:10:1::6 . 02:aa:0a:0a:01:06";

const add = (set: string, elements: Readonly<Record<string, string>>): NftStep => ({
  do: "add-elements",
  table,
  set,
  elements: new Map(Object.entries(elements)),
});
const remove = (set: string, ...keys: readonly string[]): NftStep => ({
  do: "delete-elements",
  table,
  set,
  elements: new Map(keys.map((key) => [key, ""])),
});
const put = (chain: string, rules: readonly ChainRule[] = idChain(1, "tunnel")): NftStep => ({
  do: "put-chain",
  table,
  chain,
  rules,
});
const drop = (chain: string): NftStep => ({ do: "delete-chain", table, chain });
const leadsTo = (target: string): ChainRule => ({
  comment: `to ${target}`,
  statements: [...matchPrefix("daddr", "198.51.100.0/24"), { goto: { target } }],
});

async function elements(nft: Nft, set: string): Promise<Record<string, string>> {
  const found: Elements | undefined = (await nft.list(table))?.sets.get(set);
  assert.ok(found, `set ${set} is listed`);
  return Object.fromEntries([...found].sort());
}

async function refuses(work: Promise<void>, kind: "notFound" | "alreadyThere" | "neither"): Promise<void> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CommandError, `refused with a CommandError, not ${String(error)}`);
  assert.deepEqual(
    { notFound: error.notFound, alreadyThere: error.alreadyThere },
    { notFound: kind === "notFound", alreadyThere: kind === "alreadyThere" },
  );
}

export const contract: readonly ContractCase[] = [
  {
    name: "a table that does not exist is listed as null, and removing it does nothing",
    async run(nft) {
      await nft.remove(table);
      await nft.remove(table);
      assert.equal(await nft.list(table), null);
    },
  },
  {
    name: "a declared table is listed with its chains, hooks, comments and empty sets",
    async run(nft) {
      const listed = await nft.list(table);
      assert.deepEqual(
        [...(listed?.chains.keys() ?? [])].sort(),
        [versionChain(declaration), ...declaration.chains.map(({ name }) => name)].sort(),
      );
      for (const { name, hook, rules } of declaration.chains) {
        assert.deepEqual(listed?.chains.get(name), {
          hook: hook ? `${hook.type} ${hook.hook} ${hook.priority}` : null,
          rules: rules.map(({ comment }) => comment),
        });
      }
      assert.deepEqual([...(listed?.sets.keys() ?? [])].sort(), declaration.sets.map(({ name }) => name).sort());
    },
  },
  {
    name: "installing again leaves nothing of what was there",
    async run(nft) {
      await nft.apply([put("id_1"), add("ids", { "1": "goto id_1" })]);
      await nft.install(declaration);
      assert.deepEqual(await elements(nft, "ids"), {});
      assert.equal((await nft.list(table))?.chains.has("id_1"), false);
    },
  },
  {
    name: "a table is installed with its first elements, or not at all",
    async run(nft) {
      const first = (elements: Readonly<Record<string, string>>) => new Map(Object.entries(elements));
      const elementsOfSets = new Map([
        ["floating_of_id", first({ "42": "192.168.1.100" })],
        ["uplinks", first({ eth0: "", lo: "" })],
        ["nodes", first({})],
      ]);
      await nft.install(declaration, elementsOfSets);
      for (const [set, each] of elementsOfSets) assert.deepEqual(await elements(nft, set), Object.fromEntries(each));
      await refuses(nft.install(declaration, new Map([["nonesuch", first({ eth0: "" })]])), "notFound");
      assert.deepEqual(await elements(nft, "uplinks"), { eth0: "", lo: "" });
    },
  },
  {
    name: "a set and a map are emptied, whatever they hold, and filled anew in one transaction",
    async run(nft) {
      await nft.apply([add("uplinks", { eth0: "", eth1: "" }), add("floating_of_id", { "1": "192.168.1.100" })]);
      await nft.apply([
        { do: "flush", table, kind: "set", set: "uplinks" },
        add("uplinks", { eth0: "" }),
        { do: "flush", table, kind: "map", set: "floating_of_id" },
        add("floating_of_id", { "1": "192.168.1.101" }),
      ]);
      assert.deepEqual(await elements(nft, "uplinks"), { eth0: "" });
      assert.deepEqual(await elements(nft, "floating_of_id"), { "1": "192.168.1.101" });
      await refuses(nft.apply([{ do: "flush", table, kind: "set", set: "nonesuch" }]), "notFound");
    },
  },
  {
    name: "elements are listed as they were given: verdicts, addresses, prefixes, names, numbers",
    async run(nft) {
      const given = {
        pods: { [POD]: "goto id_1", [OTHER_POD]: "return" },
        ids: { "1": "goto id_1", "16383": "goto id_1" },
        floating_of_id: { "42": "192.168.1.100" },
        uplinks: { eth0: "", lo: "" },
        destinations: { "0.0.0.0/1": "", "198.51.100.0/24": "", "203.0.113.7": "" },
        pods6: { [POD6]: "goto id_1", [OTHER_POD6]: "return" },
        floating_of_id6: { "43": "fd00:1::100" },
        // The C library writes ::102:304 with dots.
        destinations6: {
          "64:ff9b::/96": "",
          "::102:304": "",
          "2001:db8::/33": "",
          "2001:db8:8000::/48": "",
          "fd00::7": "",
        },
      };
      await nft.apply([put("id_1"), ...Object.entries(given).map(([set, each]) => add(set, each))]);
      for (const [set, each] of Object.entries(given)) assert.deepEqual(await elements(nft, set), each);
    },
  },
  ...(
    [
      ["destinations", "0.0.0.0/0"],
      ["destinations6", "::/0"],
    ] as const
  ).map(([set, everything]) => ({
    name: `the prefix of all addresses can be added and deleted: ${everything}`,
    async run(nft: Nft) {
      await nft.apply([add(set, { [everything]: "" })]);
      assert.deepEqual(await elements(nft, set), { [everything]: "" });
      await nft.apply([remove(set, everything)]);
      assert.deepEqual(await elements(nft, set), {});
    },
  })),
  {
    name: "one chain judges both families, each by prefixes of its own",
    async run(nft) {
      const prefixes = ["0.0.0.0/0", "198.51.100.0/24", "203.0.113.7/32", "::/0", "2001:db8::/32", "fd00::7/128"];
      const rules = prefixes.map((prefix) => ({
        comment: prefix,
        statements: [...matchPrefix("daddr", prefix), { return: null }],
      }));
      await nft.apply([put("class_1", rules)]);
      assert.deepEqual((await nft.list(table))?.chains.get("class_1"), { hook: null, rules: prefixes });
    },
  },
  {
    name: "a transaction takes effect as a whole or not at all",
    async run(nft) {
      await refuses(nft.apply([put("id_1"), add("uplinks", { eth0: "" }), remove("ids", "7")]), "notFound");
      assert.deepEqual(await elements(nft, "uplinks"), {});
      assert.equal((await nft.list(table))?.chains.has("id_1"), false);
    },
  },
  {
    name: "adding the same element again is fine, another value for its key is not",
    async run(nft) {
      await nft.apply([add("floating_of_id", { "1": "192.168.1.100" })]);
      await nft.apply([add("floating_of_id", { "1": "192.168.1.100" })]);
      await refuses(nft.apply([add("floating_of_id", { "1": "192.168.1.101" })]), "alreadyThere");
    },
  },
  {
    name: "a key gets another value by deleting and adding it in one transaction",
    async run(nft) {
      await nft.apply([add("floating_of_id", { "1": "192.168.1.100" })]);
      await nft.apply([remove("floating_of_id", "1"), add("floating_of_id", { "1": "192.168.1.101" })]);
      assert.deepEqual(await elements(nft, "floating_of_id"), { "1": "192.168.1.101" });
    },
  },
  {
    name: "an element that is not there cannot be deleted",
    run: (nft) => refuses(nft.apply([remove("pods", POD)]), "notFound"),
  },
  {
    name: "an element cannot lead to a chain that is not there",
    run: (nft) => refuses(nft.apply([add("pods", { [POD]: "goto id_1" })]), "notFound"),
  },
  {
    name: "a rule cannot lead to a chain that is not there",
    run: (nft) => refuses(nft.apply([put("class_1", [leadsTo("id_1")])]), "notFound"),
  },
  {
    name: "nothing can be changed in a set or a table that is not there",
    async run(nft) {
      await refuses(nft.apply([add("nonesuch", { eth0: "" })]), "notFound");
      await nft.remove(table);
      await refuses(nft.apply([add("uplinks", { eth0: "" })]), "notFound");
    },
  },
  {
    name: "a chain to which an element leads cannot be deleted",
    async run(nft) {
      await nft.apply([put("id_1"), add("ids", { "1": "goto id_1" })]);
      await refuses(nft.apply([drop("id_1")]), "neither");
      await nft.apply([remove("ids", "1"), drop("id_1")]);
      assert.equal((await nft.list(table))?.chains.has("id_1"), false);
    },
  },
  {
    name: "a chain to which a rule leads cannot be deleted, but both can",
    async run(nft) {
      await nft.apply([put("id_1"), put("class_1", [leadsTo("id_1")])]);
      await refuses(nft.apply([drop("id_1")]), "neither");
      await nft.apply([drop("class_1"), drop("id_1")]);
      assert.equal((await nft.list(table))?.chains.has("class_1"), false);
    },
  },
  {
    name: "a chain's rules are replaced while elements lead there",
    async run(nft) {
      await nft.apply([put("id_1"), add("ids", { "1": "goto id_1" })]);
      await nft.apply([put("id_1", idChain(1, "snat"))]);
      const comments = idChain(1, "snat").map(({ comment }) => comment);
      assert.deepEqual((await nft.list(table))?.chains.get("id_1"), { hook: null, rules: comments });
    },
  },
  {
    name: "a pod moves to a new chain and the old one goes afterwards",
    async run(nft) {
      await nft.apply([put("class_1"), add("pods", { [POD]: "goto class_1" })]);
      await nft.apply([put("class_2"), remove("pods", POD), add("pods", { [POD]: "goto class_2" })]);
      await nft.apply([drop("class_1")]);
      assert.deepEqual(await elements(nft, "pods"), { [POD]: "goto class_2" });
    },
  },
];
