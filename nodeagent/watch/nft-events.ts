/** Reads `nft monitor`: the objects of a transaction one a line, then a line that names the generation and who made it. */

/** The shield's table is nobody else's to change. */
const OWN_OBJECT = /^\w+ \w+ \w+ sallyport(?!_shield)(_\w+)?(\s|$)/;
const GENERATION = /^# new generation \d+ by (process \d+ \(.*\))$/;
/** nft could not keep up with the kernel. */
const LOST = /^# ERROR/;

/**
 * Takes line after line. What packets do to sets, and what times out, makes none.
 *
 * @param onChange called for each transaction that touched a table of ours, with who made it, as `process 4567 (nft)`, the
 * id being the one outside of all containers; with `null` when transactions were lost
 */
export function createNftEventReader(onChange: (who: string | null) => void): (line: string) => void {
  let touched = false;
  return (line) => {
    if (OWN_OBJECT.test(line)) touched = true;
    if (LOST.test(line)) onChange(null);
    const who = GENERATION.exec(line)?.[1];
    if (who === undefined) return;
    if (touched) onChange(who);
    touched = false;
  };
}
