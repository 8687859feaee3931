/** What a command has to say to people, before it is known whether a terminal or a pull request will show it. */

export interface Report {
  readonly title: string;
  /** What it is about and where it comes from, one sentence each. */
  readonly context: readonly Span[][];
  /** The answer in a sentence. */
  readonly headline: string;
  readonly tone: Tone;
  readonly sections: readonly Section[];
  /** Last, in a low voice. */
  readonly footer: string;
}

export type Tone = "good" | "bad" | "neutral";

export interface Section {
  readonly title: string;
  /** Said below the title. */
  readonly note?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export interface Column {
  readonly title: string;
  /** `name`: names and addresses; `number`; `text`: words and sentences. */
  readonly kind: "name" | "number" | "text";
}

/** Text, or a name in it. */
export type Span = string | { readonly name: string };

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toString().replace(/\B(?=(\d{3})+$)/g, ",")} ${count === 1 ? one : many}`;
}
