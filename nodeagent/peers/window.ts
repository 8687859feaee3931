/** Which numbers have been seen: each is taken once, also when they overtake each other by less than the window (RFC 6479). */

export interface Window {
  /** False: seen before, or too far behind to know. */
  take(number: number): boolean;
}

/** Sixteen messages of the largest size may overtake each other. */
const WORDS = 33;
const BITS = 32;
/** The word that the newest number is in may be nearly empty. */
const REACH = (WORDS - 1) * BITS;

export function createWindow(): Window {
  const words = new Uint32Array(WORDS);
  let newest = 0;
  return {
    take(number) {
      if (number + REACH <= newest) return false;
      const word = Math.floor(number / BITS);
      if (number > newest) {
        const from = Math.max(Math.floor(newest / BITS), word - WORDS) + 1;
        for (let fresh = from; fresh <= word; fresh++) words[fresh % WORDS] = 0;
        newest = number;
      }
      const bit = 1 << (number % BITS);
      const seen = words[word % WORDS] ?? 0;
      if ((seen & bit) !== 0) return false;
      words[word % WORDS] = seen | bit;
      return true;
    },
  };
}
