/** The two notations of time in an EgressCluster: durations and cron expressions. */
import { quote } from "./quote.ts";

/** At least one look at Git per day, and not more than one per second. */
const MIN_POLL_SECONDS = 1;
const MAX_POLL_SECONDS = 86_400;

/** Go's notation in whole seconds (15s, 1m30s, 1h), 1 s to 24 h. Undefined for anything else. */
export function parsePollInterval(text: string): number | undefined {
  const parts = /^(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$/.exec(text);
  if (parts === null || text === "") return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const total = hours * 3600 + minutes * 60 + seconds;
  return total >= MIN_POLL_SECONDS && total <= MAX_POLL_SECONDS ? total : undefined;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface CronField {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly words: readonly string[];
}

const CRON_FIELDS: readonly CronField[] = [
  { name: "minute", low: 0, high: 59, words: [] },
  { name: "hour", low: 0, high: 23, words: [] },
  { name: "day of month", low: 1, high: 31, words: [] },
  { name: "month", low: 1, high: 12, words: MONTHS },
  { name: "day of week", low: 0, high: 7, words: DAYS },
];

/** What is wrong with a five-field cron expression (crontab(5) without @words), or undefined. */
export function explainCron(text: string): string | undefined {
  const fields = text.trim().split(/\s+/);
  if (text.trim() === "" || fields.length !== CRON_FIELDS.length) {
    return `it needs five fields and has ${text.trim() === "" ? 0 : fields.length}`;
  }
  for (const [index, field] of CRON_FIELDS.entries()) {
    const written = fields[index] ?? "";
    if (!written.split(",").every((part) => isCronPart(part, field)))
      return `${field.name} cannot be ${quote(written)}`;
  }
  return undefined;
}

function isCronPart(part: string, field: CronField): boolean {
  const [range = "", step, ...rest] = part.split("/");
  if (rest.length > 0 || (step !== undefined && !(/^\d{1,2}$/.test(step) && Number(step) > 0))) return false;
  if (range === "*") return true;
  const ends = range.split("-").map((end) => cronNumber(end, field));
  const [low, high = low] = ends;
  if (ends.length > 2 || ends.includes(undefined) || low === undefined || high === undefined || low > high)
    return false;
  return step === undefined || ends.length === 2;
}

function cronNumber(text: string, field: CronField): number | undefined {
  const word = field.words.indexOf(text.toLowerCase());
  if (word >= 0) return word + (field.words === MONTHS ? 1 : 0);
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.low && value <= field.high ? value : undefined;
}
