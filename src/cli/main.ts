#!/usr/bin/env node
import { oldNodeText } from './node-version.ts';
import { watchOutlets } from './broken-pipe.ts';

// Check the version before any other import: an older Node fails at the first module that it lacks.

const OUTPUT_LOST_EXIT = 6;

async function main(): Promise<number> {
  const { stdout, stderr, env } = process;
  const tooOld = oldNodeText(process.versions.node);
  if (tooOld !== null) {
    stderr.write(tooOld);
    return 2;
  }
  const outlet = watchOutlets([stdout, stderr]);
  const stopSignal = (): AbortSignal => {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    return AbortSignal.any([stop.signal, outlet.gone]);
  };
  const { keepCompiled } = await import('./compile-cache.ts');
  keepCompiled(env);
  const { runCli } = await import('./program.ts');
  const exit = await runCli(process.argv.slice(2), { out: stdout, err: stderr, env, stopSignal });
  const loss = await outlet.loss();
  if (loss === null) return exit;
  stderr.write(
    `hotwarm: cannot write the output\nwhy:  ${loss}\nfix:  free disk space, or write the output elsewhere\n`,
  );
  return exit === 0 ? OUTPUT_LOST_EXIT : exit;
}

process.exitCode = await main();
