/** An address that nobody of us ever held may be in use by somebody else: it is asked for before it is taken. */
import { type Conflict, lasting } from "../gate/conflicts.ts";

export interface FirstGrants {
  /**
   * Those not to be taken yet. Asks for what was not asked for before, and again, at most every 10 s, for what was in use.
   *
   * @param ips of which nobody is known to have held them
   */
  withheld(ips: readonly string[]): ReadonlySet<string>;
  /** In words, since the last call. */
  takeFindings(): readonly string[];
}

interface FirstGrantsParts {
  /** Which of them are in use. */
  readonly probe: (ips: readonly string[]) => Promise<readonly Conflict[]>;
  readonly onProbed: () => void;
  readonly nowMs: () => number;
}

type Finding = "asking" | "free" | { readonly usedSeenAtMs: number };

const ASK_AGAIN_MS = 10_000;

export function createFirstGrants({ probe, onProbed, nowMs }: FirstGrantsParts): FirstGrants {
  const findings = new Map<string, Finding>();
  let words: string[] = [];

  async function ask(ips: readonly string[]): Promise<void> {
    for (const ip of ips) findings.set(ip, "asking");
    let used: readonly Conflict[];
    try {
      used = await probe(ips);
    } catch (error) {
      for (const ip of ips) findings.set(ip, { usedSeenAtMs: nowMs() });
      words.push(`could not ask whether ${ips.join(", ")} are in use: ${(error as Error).message}`);
      onProbed();
      return;
    }
    for (const ip of ips) {
      const by = used
        .filter((conflict) => conflict.ip === ip)
        .map((conflict) => `${conflict.mac}, ${lasting(conflict, nowMs())}`);
      findings.set(ip, by.length === 0 ? "free" : { usedSeenAtMs: nowMs() });
      if (by.length > 0) words.push(`did not take ${ip}: it is in use by ${by.join(" and ")}`);
    }
    onProbed();
  }

  function mustAsk(ip: string): boolean {
    const finding = findings.get(ip);
    if (finding === undefined) return true;
    return typeof finding === "object" && nowMs() - finding.usedSeenAtMs >= ASK_AGAIN_MS;
  }

  return {
    withheld(ips) {
      const unasked = ips.filter(mustAsk);
      if (unasked.length > 0) void ask(unasked);
      return new Set(ips.filter((ip) => findings.get(ip) !== "free"));
    },
    takeFindings() {
      const taken = words;
      words = [];
      return taken;
    },
  };
}
