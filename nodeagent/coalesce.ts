/**
 * Runs `work` one call at a time. Calls made meanwhile make it run once more, however many they are; each caller's
 * promise settles when no run is left that its call asked for. A rejection ends the runs that were asked for.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again = false;
  const runs = async (): Promise<void> => {
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      running = null;
    }
  };
  return () => {
    again = true;
    running ??= runs();
    return running;
  };
}
