/** Text from strangers (commit messages, names, errors) inside Markdown. */

/** Characters that would change how the text around them is read: controls, bidirectional marks, other invisible ones. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]+/gu;
/** Markup of CommonMark and GitHub's dialect anywhere in a line, and what would become a link or a mention. */
const special = /[\\`*_[\]()<>#|~&@$]|:(?=\/\/)|(?<=www)\./g;
const maxCharacters = 300;

/** One line of plain text: nothing in it is markup, a link, a mention or the end of a table cell. */
export function escapeMarkdown(text: string): string {
  const line = text.replace(invisible, " ").trim();
  const short = [...line].length > maxCharacters ? `${[...line].slice(0, maxCharacters).join("")}…` : line;
  return short.replace(
    special,
    (character) => `&#${character.codePointAt(0)};${isReference(character) ? ZERO_WIDTH : ""}`,
  );
}

/** Forges look for mentions and issues in what the Markdown has become, where an entity is a character again. */
const ZERO_WIDTH = "&#8203;";

function isReference(character: string): boolean {
  return character === "@" || character === "#";
}

/** Cells are Markdown already. Empty without rows. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [header, header.map(() => "---"), ...rows].map(line).join("");
}

/** A relative link inside the branch. */
export function markdownLink(text: string, path: string): string {
  return `[${escapeMarkdown(text)}](${path.split("/").map(encodeURIComponent).join("/")})`;
}
