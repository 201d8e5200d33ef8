#!/usr/bin/env node
import { oldNodeText } from './node-version.ts';

// Nothing else is imported before the version is known: an older Node ends at the first import that it lacks.

const tooOld = oldNodeText(process.versions.node);
if (tooOld === null) {
  const { runCli } = await import('./program.ts');
  process.exitCode = await runCli(process.argv.slice(2), {
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    stopSignal: () => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      return stop.signal;
    },
  });
} else {
  process.stderr.write(tooOld);
  process.exitCode = 2;
}
