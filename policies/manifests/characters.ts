/** Characters that look like, or hide beside, those a manifest is written with. Names are those of the Unicode standard. */

const DASHES: Record<string, string> = {
  "\u2010": "HYPHEN",
  "\u2011": "NON-BREAKING HYPHEN",
  "\u2012": "FIGURE DASH",
  "\u2013": "EN DASH",
  "\u2014": "EM DASH",
  "\u2015": "HORIZONTAL BAR",
  "\u2212": "MINUS SIGN",
  "\uFE58": "SMALL EM DASH",
  "\uFE63": "SMALL HYPHEN-MINUS",
  "\uFF0D": "FULLWIDTH HYPHEN-MINUS",
};

const BULLETS: Record<string, string> = {
  "\u00B7": "MIDDLE DOT",
  "\u2022": "BULLET",
  "\u2043": "HYPHEN BULLET",
  "\u25AA": "BLACK SMALL SQUARE",
  "\u25CF": "BLACK CIRCLE",
  "\u25E6": "WHITE BULLET",
};

const SPACES: Record<string, string> = {
  "\u00A0": "NO-BREAK SPACE",
  "\u1680": "OGHAM SPACE MARK",
  "\u2000": "EN QUAD",
  "\u2001": "EM QUAD",
  "\u2002": "EN SPACE",
  "\u2003": "EM SPACE",
  "\u2004": "THREE-PER-EM SPACE",
  "\u2005": "FOUR-PER-EM SPACE",
  "\u2006": "SIX-PER-EM SPACE",
  "\u2007": "FIGURE SPACE",
  "\u2008": "PUNCTUATION SPACE",
  "\u2009": "THIN SPACE",
  "\u200A": "HAIR SPACE",
  "\u202F": "NARROW NO-BREAK SPACE",
  "\u205F": "MEDIUM MATHEMATICAL SPACE",
  "\u3000": "IDEOGRAPHIC SPACE",
};

const INVISIBLES: Record<string, string> = {
  "\u00AD": "SOFT HYPHEN",
  "\u200B": "ZERO WIDTH SPACE",
  "\u200C": "ZERO WIDTH NON-JOINER",
  "\u200D": "ZERO WIDTH JOINER",
  "\u200E": "LEFT-TO-RIGHT MARK",
  "\u200F": "RIGHT-TO-LEFT MARK",
  "\u202A": "LEFT-TO-RIGHT EMBEDDING",
  "\u202B": "RIGHT-TO-LEFT EMBEDDING",
  "\u202C": "POP DIRECTIONAL FORMATTING",
  "\u202D": "LEFT-TO-RIGHT OVERRIDE",
  "\u202E": "RIGHT-TO-LEFT OVERRIDE",
  "\u2060": "WORD JOINER",
  "\u2066": "LEFT-TO-RIGHT ISOLATE",
  "\u2067": "RIGHT-TO-LEFT ISOLATE",
  "\u2068": "FIRST STRONG ISOLATE",
  "\u2069": "POP DIRECTIONAL ISOLATE",
  "\uFEFF": "ZERO WIDTH NO-BREAK SPACE",
};

const DOUBLE_QUOTES: Record<string, string> = {
  "\u00AB": "LEFT-POINTING DOUBLE ANGLE QUOTATION MARK",
  "\u00BB": "RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK",
  "\u201C": "LEFT DOUBLE QUOTATION MARK",
  "\u201D": "RIGHT DOUBLE QUOTATION MARK",
  "\u201E": "DOUBLE LOW-9 QUOTATION MARK",
  "\u201F": "DOUBLE HIGH-REVERSED-9 QUOTATION MARK",
  "\u2033": "DOUBLE PRIME",
  "\uFF02": "FULLWIDTH QUOTATION MARK",
};

const SINGLE_QUOTES: Record<string, string> = {
  "\u00B4": "ACUTE ACCENT",
  "\u2018": "LEFT SINGLE QUOTATION MARK",
  "\u2019": "RIGHT SINGLE QUOTATION MARK",
  "\u201A": "SINGLE LOW-9 QUOTATION MARK",
  "\u201B": "SINGLE HIGH-REVERSED-9 QUOTATION MARK",
  "\u2032": "PRIME",
  "\uFF07": "FULLWIDTH APOSTROPHE",
};

const COLONS: Record<string, string> = {
  "\u2236": "RATIO",
  "\uA789": "MODIFIER LETTER COLON",
  "\uFE55": "SMALL COLON",
  "\uFF1A": "FULLWIDTH COLON",
};

const NAMES: Record<string, string> = {
  ...{ ...DASHES, ...BULLETS, ...SPACES, ...INVISIBLES, ...DOUBLE_QUOTES, ...SINGLE_QUOTES, ...COLONS },
  "\u2026": "HORIZONTAL ELLIPSIS",
};

/** Members of a character class of a regular expression. */
export const dashes = Object.keys(DASHES).join("");
export const bullets = Object.keys(BULLETS).join("");
export const oddSpaces = Object.keys(SPACES).join("");
export const invisibles = Object.keys(INVISIBLES).join("");
export const doubleQuotes = Object.keys(DOUBLE_QUOTES).join("");
export const singleQuotes = Object.keys(SINGLE_QUOTES).join("");
export const oddColons = Object.keys(COLONS).join("");

/** "U+2014 EM DASH"; characters without an entry above have their number only. */
export function nameCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const name = NAMES[character];
  return name === undefined ? `U+${code}` : `U+${code} ${name}`;
}

/** ": it contains U+2013 EN DASH" for the first character that is not printable ASCII, or nothing. */
export function describeOdd(text: string): string {
  const odd = /[^\x20-\x7e]/u.exec(text)?.[0];
  return odd === undefined ? "" : `: it contains ${nameCharacter(odd)}`;
}
