import { percentile } from '../../src/core/percentile.ts';
import { markdownTable } from '../report.ts';
import { SOCKET, SOCKET_DIRECT, type Target } from './targets.ts';

// From the samples of bench/proxy.ts to its tables and bars.

/**
 * Cores of the server, and of proxy and client. With the client alone on its core, a server without a proxy pays for
 * waking another core at almost every answer, which a busy proxy spares it: "no proxy" is then no upper bound. On one
 * core nobody wakes another, so that is where ratios to no proxy mean what they say.
 */
export const PLACES = {
  pinned: { title: 'Pinned', server: '1', proxy: '0', client: 0 },
  'own-core': { title: 'The proxy on a core of its own', server: '1', proxy: '0', client: 1 },
  'one-core': { title: 'All on one core', server: '0', proxy: '0', client: 0 },
  unpinned: { title: 'Unpinned', server: '0-1', proxy: '0-1', client: null },
} as const;
export type Place = keyof typeof PLACES;
export const PLACE_NAMES: readonly Place[] = ['pinned', 'own-core', 'one-core', 'unpinned'];

export const SIZES = { small: '/', large: '/large' } as const;
export type Size = keyof typeof SIZES;

/** Bars, for small answers with pinned processes. */
const BARS = {
  throughputOfHaproxy: 0.7,
  socketOfDirect: 0.97,
  cpuUs: 60,
  addedP99Us: 1000,
} as const;

export type Sample = {
  readonly place: Place;
  readonly size: Size;
  readonly target: string;
  readonly round: number;
  readonly requestsPerSecond: number;
  readonly cpuUs: number;
  readonly halfRequestsPerSecond: number;
  readonly halfP50Us: number;
  readonly halfP99Us: number;
  readonly failed: number;
};

type Bar = { readonly bar: string; readonly met: boolean };

function median(values: readonly number[]): number {
  return percentile(values, 0.5) ?? Number.NaN;
}

/** Each of the samples with that of another target in the same round. */
function pairs(samples: readonly Sample[], own: readonly Sample[], other: string) {
  return own.flatMap((sample) => {
    const found = samples.find(
      (one) =>
        one.target === other &&
        one.round === sample.round &&
        one.place === sample.place &&
        one.size === sample.size,
    );
    return found === undefined ? [] : [[sample, found] as const];
  });
}

/** Throughput by that of another target in the same round. */
function ratiosOf(samples: readonly Sample[], own: readonly Sample[], other: string) {
  return pairs(samples, own, other).map(([a, b]) => a.requestsPerSecond / b.requestsPerSecond);
}

function figuresOf(samples: readonly Sample[], own: readonly Sample[]) {
  const ratios = ratiosOf(samples, own, 'no proxy');
  return {
    requestsPerSecond: median(own.map((sample) => sample.requestsPerSecond)),
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    ratioToHaproxy: median(ratiosOf(samples, own, 'HAProxy')),
    cpuUs: median(own.map((sample) => sample.cpuUs)),
    halfRequestsPerSecond: median(own.map((sample) => sample.halfRequestsPerSecond)),
    halfP50Us: median(own.map((sample) => sample.halfP50Us)),
    halfP99Us: median(own.map((sample) => sample.halfP99Us)),
    addedP99Us: median(pairs(samples, own, 'no proxy').map(([a, b]) => a.halfP99Us - b.halfP99Us)),
  };
}

const HEAD = [
  '',
  'requests/s',
  'ratio to no proxy (min–max)',
  'ratio to HAProxy',
  'CPU µs/request',
  'half load, requests/s',
  'p50 ms',
  'p99 ms',
  'added p99 ms',
];

function ms(us: number): string {
  return (us / 1000).toFixed(2);
}

export function tableOf(
  samples: readonly Sample[],
  targets: readonly Target[],
  where: Place,
  size: Size,
) {
  const rows = targets.map(({ name, pids }) => {
    const own = samples.filter(
      (sample) => sample.target === name && sample.place === where && sample.size === size,
    );
    const figures = figuresOf(samples, own);
    return [
      name,
      figures.requestsPerSecond.toFixed(0),
      `${figures.ratio.toFixed(2)} (${figures.ratioMin.toFixed(2)}–${figures.ratioMax.toFixed(2)})`,
      figures.ratioToHaproxy.toFixed(2),
      pids.length === 0 ? '–' : figures.cpuUs.toFixed(0),
      figures.halfRequestsPerSecond.toFixed(0),
      ms(figures.halfP50Us),
      ms(figures.halfP99Us),
      pids.length === 0 ? '–' : ms(figures.addedP99Us),
    ];
  });
  const bytes = size === 'small' ? 'answers of 84 bytes' : 'answers of 64 KiB';
  return `**${PLACES[where].title}, ${bytes}**\n\n${markdownTable(HEAD, rows)}`;
}

export function barsOf(samples: readonly Sample[]): readonly Bar[] {
  const failed = samples.reduce((total, sample) => total + sample.failed, 0);
  const small = (where: Place) =>
    samples.filter(
      (sample) => sample.target === 'hotwarm' && sample.place === where && sample.size === 'small',
    );
  const bars: Bar[] = [{ bar: `no request failed (${failed})`, met: failed === 0 }];
  if (small('pinned').length > 0) {
    const { ratioToHaproxy, cpuUs } = figuresOf(samples, small('pinned'));
    bars.push(
      {
        bar: `pinned: throughput ≥ ${BARS.throughputOfHaproxy} of HAProxy's (${ratioToHaproxy.toFixed(2)})`,
        met: ratioToHaproxy >= BARS.throughputOfHaproxy,
      },
      {
        bar: `pinned: CPU ≤ ${BARS.cpuUs} µs for a request (${cpuUs.toFixed(1)})`,
        met: cpuUs <= BARS.cpuUs,
      },
    );
  }
  // Two processes of one program differ by up to a fifth here, so that one process is compared with itself.
  const socket = samples.filter((sample) => sample.target === SOCKET);
  const ratio = median(ratiosOf(samples, socket, SOCKET_DIRECT));
  bars.push({
    bar: `socket: throughput ≥ ${BARS.socketOfDirect} of ${SOCKET_DIRECT}, all rounds (${ratio.toFixed(2)})`,
    met: ratio >= BARS.socketOfDirect,
  });
  for (const where of ['pinned', 'own-core', 'one-core'] as const) {
    if (small(where).length === 0) continue;
    const { addedP99Us } = figuresOf(samples, small(where));
    bars.push({
      bar: `${where}: p99 added at half load ≤ ${BARS.addedP99Us} µs (${addedP99Us.toFixed(0)})`,
      met: addedP99Us <= BARS.addedP99Us,
    });
  }
  return bars;
}
