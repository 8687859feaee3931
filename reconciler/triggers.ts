/**
 * The two clocks: Git is looked at often, convergence is verified on a schedule. Both follow the EgressCluster of the
 * commit that is live.
 */
import { CronJob, validateCronExpression } from "cron";

/** Spread of the poll interval, so that many reconcilers do not ask one forge at the same moment. */
const JITTER = 0.2;

export interface Clocks {
  /** Takes effect at the next tick; equal settings change nothing. */
  set(pollIntervalSeconds: number, schedule: string): void;
  stop(): void;
}

export function startClocks(onPoll: () => void, onVerify: () => void, random: () => number): Clocks {
  let pollIntervalSeconds = 15;
  let schedule: string | undefined;
  let job: CronJob | undefined;
  let timer: NodeJS.Timeout;
  const nextPoll = (): void => {
    const intervalMs = pollIntervalSeconds * 1_000 * (1 - JITTER / 2 + JITTER * random());
    timer = setTimeout(() => {
      onPoll();
      nextPoll();
    }, intervalMs);
  };
  nextPoll();
  return {
    set: (seconds, expression) => {
      pollIntervalSeconds = seconds;
      if (expression === schedule || !validateCronExpression(expression).valid) return;
      schedule = expression;
      job?.stop();
      job = CronJob.from({ cronTime: expression, onTick: onVerify, start: true, timeZone: "UTC" });
    },
    stop: () => {
      clearTimeout(timer);
      job?.stop();
    },
  };
}
