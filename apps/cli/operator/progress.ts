import { SingleBar } from 'cli-progress';

/** How often a terminal that is none is told. */
const TOLD_MS = 5_000;

export interface ProgressShown {
  at(done: number, target: number, doing: string): void;
  /** Prints something to stdout without a bar in its midst. */
  aside(print: () => void): void;
  end(): void;
}

/** Shows on stderr how far something is and how long it takes: as a bar on a terminal, else by a line now and then. @param unit of what is counted */
export const showProgress = (unit: string): ProgressShown => (process.stderr.isTTY ? bar(unit) : lines(unit));

function bar(unit: string): ProgressShown {
  const shown = new SingleBar({ format: `{bar} {percentage}% {value}/{total} ${unit}, {eta_formatted} left, {doing}`, etaBuffer: 50, hideCursor: true, clearOnComplete: true, stream: process.stderr });
  let isStarted = false;
  return {
    at(done, target, doing) {
      if (!isStarted) shown.start(target, done, { doing });
      isStarted = true;
      shown.setTotal(target);
      shown.update(done, { doing });
    },
    aside(print) {
      if (process.stdout.isTTY) process.stderr.write('\r\u001b[K');
      print();
    },
    end: () => shown.stop(),
  };
}

function lines(unit: string): ProgressShown {
  const start = { at: performance.now(), done: -1 };
  let told = performance.now();
  return {
    at(done, target, doing) {
      if (start.done < 0) start.done = done;
      if (performance.now() - told < TOLD_MS) return;
      told = performance.now();
      const perMs = (done - start.done) / (told - start.at);
      const left = perMs > 0 ? `, ${Math.ceil((target - done) / perMs / 1_000)} s left` : '';
      console.error(`${done}/${target} ${unit}${left}, ${doing}`);
    },
    aside: (print) => print(),
    end: () => undefined,
  };
}
