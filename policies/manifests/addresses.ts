/** Reads addresses and prefixes as people write them, and says what is wrong with the ones that are not. */

import { type Address, formatAddress, formatPrefix, type Prefix, parseAddress, parseCidr } from "../addresses.ts";
import type { Positioned } from "../intent.ts";
import { describeOdd } from "./characters.ts";
import type { Code } from "./codes.ts";
import { quote } from "./quote.ts";
import type { Report } from "./report.ts";
import type { Node } from "./tree.ts";

interface Mistake {
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
}

/** The address in canonical form, or undefined after a finding. */
export function readAddress(node: Node, path: string, report: Report): Positioned<string> | undefined {
  if (node.kind !== "scalar") return undefined;
  const address = parseAddress(node.text);
  if (address !== undefined) return { value: formatAddress(address), at: report.at(node.offset) };
  const { code, message, fix } = explainAddress(node.text);
  report.error(code, node.offset, `${path} ${quote(node.text)} ${message}`, fix);
  return undefined;
}

/** The prefix in canonical form, or undefined after a finding; host bits are one. */
export function readCidr(node: Node, path: string, report: Report): Positioned<string> | undefined {
  if (node.kind !== "scalar") return undefined;
  const prefix = parseCidr(node.text);
  const value = prefix && formatPrefix(prefix);
  // what is canonical has no host bits: nearly every prefix ends here
  const mistake =
    value === node.text ? undefined : prefix === undefined ? explainCidr(node.text) : hostBits(prefix, node.text);
  if (value !== undefined && mistake === undefined) return { value, at: report.at(node.offset) };
  if (mistake !== undefined) {
    report.error(mistake.code, node.offset, `${path} ${quote(node.text)} ${mistake.message}`, mistake.fix);
  }
  return undefined;
}

function hostBits(prefix: Prefix, text: string): Mistake | undefined {
  const written = parseAddress(text.slice(0, text.indexOf("/"))) as Address;
  if (written.value === prefix.network.value) return undefined;
  const whole = formatPrefix(prefix);
  const alone = `${formatAddress(written)}/${written.family === 4 ? 32 : 128}`;
  return {
    code: "host-bits",
    message: "has host bits set behind its prefix length",
    fix: `write ${whole} for the network, or ${alone} for the one address`,
  };
}

function explainAddress(text: string): Mistake {
  if (parseCidr(text) !== undefined) {
    const fix = `write ${text.slice(0, text.indexOf("/"))}`;
    return { code: "address-with-length", message: "has a prefix length; one address is wanted", fix };
  }
  const [first, last] = text.split(/\s*[-\u2010-\u2015]\s*/);
  if (first !== undefined && last !== undefined && parseAddress(first) !== undefined) {
    return { code: "address-range", message: "is a range", fix: "write every address as an item of its own" };
  }
  return explainSyntax(text, "invalid-address", "is not an IP address", "write an address such as 192.168.1.100");
}

function explainCidr(text: string): Mistake {
  const address = parseAddress(text);
  if (address !== undefined) {
    const fix = `write ${formatAddress(address)}/${address.family === 4 ? 32 : 128} for the one address`;
    return { code: "cidr-without-length", message: "has no prefix length", fix };
  }
  const [network = "", length = ""] = text.split("/");
  const parsed = parseAddress(network);
  if (parsed !== undefined && text.split("/").length === 2) {
    const longest = parsed.family === 4 ? 32 : 128;
    const mask = parseAddress(length);
    const message =
      mask === undefined ? `has the prefix length ${quote(length)}` : "has a mask instead of a prefix length";
    return { code: "invalid-cidr", message, fix: `write a length from 0 to ${longest}, without leading zeros` };
  }
  return explainSyntax(text, "invalid-cidr", "is not a prefix", "write a prefix such as 8.8.8.0/24");
}

function explainSyntax(text: string, code: Code, message: string, fix: string): Mistake {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(\/\d+)?$/.exec(text);
  if (parts?.slice(1, 5).some((part) => /^0\d/.test(part))) return leadingZero(parts);
  const tooLarge = parts?.slice(1, 5).find((part) => Number(part) > 255);
  if (tooLarge !== undefined) return { code, message: `${message}: ${tooLarge} is more than 255`, fix };
  if (text === "") return { code, message: `${message}: it is empty`, fix };
  if (text.includes("%")) return { code, message: `${message}: a zone (%) has no meaning here`, fix };
  return { code, message: `${message}${describeOdd(text)}`, fix };
}

function leadingZero(parts: RegExpExecArray): Mistake {
  const numbers = parts.slice(1, 5);
  const decimal = numbers.map(Number);
  const octal = numbers.map((part) => (/^0[0-7]*$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const tail = parts[5] ?? "";
  const readings = [...new Set([decimal, octal].map((reading) => reading.join(".") + tail))];
  return {
    code: "leading-zero",
    message: "has a leading zero, which some programs read as octal",
    fix: `write ${readings.join(" or ")}${readings.length > 1 ? ", whichever is meant" : ""}`,
  };
}
