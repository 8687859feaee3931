/**
 * A document as a small tree in which every node knows where it stands. It is built from js-yaml's events instead of its
 * objects because those have no positions, and because no key of a manifest can then ever become a property of ours.
 * Aliases share the node they stand for; what that would amount to if written out is bounded.
 */

import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from "js-yaml";
import type { Code } from "./codes.ts";
import { MAX_ALIASED_NODES } from "./limits.ts";
import { quote, show } from "./quote.ts";

export interface ScalarNode {
  readonly kind: "scalar";
  /** In the text the events were made from, counted in UTF-16 units. */
  readonly offset: number;
  readonly text: string;
  /** Neither quoted nor tagged: `true`, `8` and `null` are not text then. */
  readonly plain: boolean;
}

interface SequenceNode {
  readonly kind: "sequence";
  readonly offset: number;
  readonly items: Node[];
}

export interface MappingNode {
  readonly kind: "mapping";
  readonly offset: number;
  /** As written, duplicates included. */
  readonly entries: Entry[];
}

export interface Entry {
  readonly key: ScalarNode;
  readonly value: Node;
}

/** In the place of an alias that stands for nothing; it has been reported, so nobody else says anything about it. */
interface RefusedNode {
  readonly kind: "refused";
  readonly offset: number;
}

export type Node = ScalarNode | SequenceNode | MappingNode | RefusedNode;

/** What is wrong with the document whatever it declares. */
export interface TreeProblem {
  readonly code: Code;
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
  /** True where no honest document of any kind has it; the others matter only in objects of ours. */
  readonly always: boolean;
  /** Where the same thing stood first, for duplicates. */
  readonly first?: number;
}

export interface Tree {
  readonly root: Node;
  readonly problems: readonly TreeProblem[];
}

interface Frame {
  readonly node: SequenceNode | MappingNode;
  readonly anchor: Anchor | undefined;
  /** Of a large mapping, its keys; a small one is looked through. */
  keys: Map<string, ScalarNode> | undefined;
  /** `skip`: the value belongs to a key that was refused. */
  key: ScalarNode | "skip" | undefined;
}

interface Anchor {
  node: Node | undefined;
  size: number;
}

/** One tree for each document of the event stream. */
export function buildTrees(text: string, events: readonly Event[]): Tree[] {
  const trees: Tree[] = [];
  let builder: TreeBuilder | undefined;
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) builder = new TreeBuilder(text);
    else if (builder?.take(event)) trees.push({ root: builder.root, problems: builder.problems });
  }
  return trees;
}

class TreeBuilder {
  readonly problems: TreeProblem[] = [];
  root: Node = { kind: "scalar", offset: 0, text: "", plain: true };
  readonly #text: string;
  readonly #frames: Frame[] = [];
  #anchors: Map<string, Anchor> | undefined;
  #size = 0;
  #aliasedSize = 0;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** True when this event closed the document. */
  take(event: Event): boolean {
    if (event.type === EVENT_ID.POP) return this.#close();
    if (event.type === EVENT_ID.ALIAS) this.#place(this.#resolve(event.anchorStart, event.anchorEnd));
    else if (event.type === EVENT_ID.SCALAR) this.#scalar(event);
    else if (event.type !== EVENT_ID.DOCUMENT) {
      this.#refuseTag(event.tagStart, event.tagEnd);
      this.#offset = event.start;
      const node: SequenceNode | MappingNode =
        event.type === EVENT_ID.SEQUENCE
          ? { kind: "sequence", offset: event.start, items: [] }
          : { kind: "mapping", offset: event.start, entries: [] };
      const anchor = this.#anchor(event.anchorStart, event.anchorEnd);
      if (anchor !== undefined) anchor.size = -this.#size;
      this.#place(node);
      this.#frames.push({ node, anchor, keys: undefined, key: undefined });
    }
    return false;
  }

  #scalar(event: ScalarEvent): void {
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
    if (event.valueStart >= 0) this.#offset = event.valueStart - (quoted ? 1 : 0);
    const tag = this.#refuseTag(event.tagStart, event.tagEnd);
    const text = getScalarValue(this.#text, event);
    const plain = event.style === SCALAR_STYLE.PLAIN && tag === "";
    const node: ScalarNode = { kind: "scalar", offset: this.#offset, text, plain };
    const anchor = this.#anchor(event.anchorStart, event.anchorEnd);
    if (anchor !== undefined) Object.assign(anchor, { node, size: 1 });
    this.#place(node);
  }

  /** The node the alias stands for, or a refused one after a problem. */
  #resolve(start: number, end: number): Node {
    const name = this.#text.slice(start, end);
    const anchor = this.#anchors?.get(name);
    this.#offset = start - 1;
    if (anchor === undefined) {
      const fix = `write the value here, or put &${show(name)} before the node it stands for`;
      return this.#refuseAlias("alias-unknown", `no anchor &${show(name)} stands before this alias`, fix);
    }
    if (anchor.node === undefined) {
      const fix = "write out what is meant; a manifest cannot contain itself";
      return this.#refuseAlias("alias-cycle", `the alias *${show(name)} stands inside the node it names`, fix);
    }
    this.#aliasedSize += anchor.size;
    if (this.#aliasedSize > MAX_ALIASED_NODES) {
      const message = `the aliases of this document stand for more than ${MAX_ALIASED_NODES} nodes`;
      return this.#refuseAlias("alias-expansion", message, "write fewer aliases, or split the document");
    }
    this.#size += anchor.size - 1;
    return anchor.node;
  }

  #refuseAlias(code: Code, message: string, fix: string): Node {
    const known = this.problems.some((problem) => problem.code === code && code === "alias-expansion");
    if (!known) this.problems.push({ code, offset: this.#offset, message, fix, always: true });
    return { kind: "refused", offset: this.#offset };
  }

  #anchor(start: number, end: number): Anchor | undefined {
    if (start < 0) return undefined;
    const anchor: Anchor = { node: undefined, size: 0 };
    this.#anchors ??= new Map();
    this.#anchors.set(this.#text.slice(start, end), anchor);
    return anchor;
  }

  #close(): boolean {
    const frame = this.#frames.pop();
    if (frame === undefined) return true;
    if (frame.anchor !== undefined) {
      frame.anchor.node = frame.node;
      frame.anchor.size += this.#size;
    }
    return false;
  }

  #place(node: Node): void {
    this.#size++;
    const frame = this.#frames[this.#frames.length - 1];
    if (frame === undefined) this.root = node;
    else if (frame.node.kind === "sequence") frame.node.items.push(node);
    else if (frame.key === undefined) frame.key = this.#acceptKey(frame, frame.node, node);
    else {
      if (frame.key !== "skip") frame.node.entries.push({ key: frame.key, value: node });
      frame.key = undefined;
    }
  }

  #acceptKey(frame: Frame, mapping: MappingNode, key: Node): ScalarNode | "skip" {
    if (key.kind === "refused") return "skip";
    if (key.kind !== "scalar") {
      const message = "a key of a manifest is text, not a list or a mapping";
      return this.#refuseKey({ code: "key-not-text", offset: key.offset, message, fix: "write the key as plain text" });
    }
    if (key.plain && key.text === "<<") {
      const message = "merge keys (<<) are not part of YAML 1.2 and are not read";
      const fix = "write the fields out, or use an alias for a whole value";
      return this.#refuseKey({ code: "merge-key", offset: key.offset, message, fix });
    }
    const first = knownKey(frame, mapping, key)?.offset;
    if (first === undefined) return key;
    const message = `the key ${quote(key.text)} stands twice in this mapping`;
    return this.#refuseKey({ code: "duplicate-key", offset: key.offset, message, fix: "keep one of the two", first });
  }

  #refuseKey(problem: Omit<TreeProblem, "always">): "skip" {
    this.problems.push({ ...problem, always: false });
    return "skip";
  }

  /** The tag as written; only those that say what the node is anyway are accepted. */
  #refuseTag(start: number, end: number): string {
    if (start < 0) return "";
    const tag = this.#text.slice(start, end);
    if (!["!", "!!str", "!!map", "!!seq"].includes(tag)) {
      const message = `the tag ${show(tag)} has no meaning in a manifest`;
      this.problems.push({ code: "tag", offset: start, message, fix: "delete the tag", always: false });
    }
    return tag;
  }
}

/** Looking through a mapping of a hundred thousand keys for each of them would take minutes. */
const SMALL_MAPPING = 16;

function knownKey(frame: Frame, { entries }: MappingNode, key: ScalarNode): ScalarNode | undefined {
  if (entries.length < SMALL_MAPPING) {
    for (const entry of entries) if (entry.key.text === key.text) return entry.key;
    return undefined;
  }
  frame.keys ??= new Map(entries.map((entry) => [entry.key.text, entry.key]));
  const known = frame.keys.get(key.text);
  if (known === undefined) frame.keys.set(key.text, key);
  return known;
}
