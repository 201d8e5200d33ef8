import { resolve } from 'node:path';
import { z } from 'zod';
import type {
  ClientLimits,
  ClientTls,
  HoldLimits,
  MemberTransport,
} from '../../drivers/traffic/contract.ts';
import { proxyAbilities } from '../../drivers/traffic/proxy/abilities.ts';
import type { HostPort } from '../resolved.ts';
import { address, choice, duration, hostName, size, text } from '../values.ts';
import { PROTOCOL, type ResolvedBase, type TrafficKind } from './kind.ts';
import { proxyRules, retryOf } from './proxy-rules.ts';

// `via: proxy`: keys about held and retried requests, connection limits, TLS and the PROXY protocol.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const GIB = 1024 ** 3;

const file = (description: string) =>
  text(/^[^\0]+$/, 'a path', `${description} Relative to the directory of the configuration file.`);

/** Between the clients and the proxy. */
const clientSide = {
  tls: z
    .strictObject({
      cert: file('PEM file: the certificate, then intermediate ones; reloaded when it changes.'),
      key: file('PEM file: the private key, without a password; reloaded when it changes.'),
      min: choice(['TLSv1.2', 'TLSv1.3'], 'Minimum TLS version of clients.').prefault('TLSv1.2'),
    })
    .optional(),
  clients: z
    .strictObject({
      maxConnections: z
        .int()
        .min(1)
        .max(1_000_000)
        .meta({
          description: 'Maximum number of client connections; further ones are closed at once.',
        })
        .prefault(10_000),
      idleTimeout: duration(
        { min: SECOND, max: HOUR },
        'Maximum idle time of a client connection.',
      ).prefault('75s'),
      headerTimeout: duration(
        { min: SECOND, max: HOUR },
        'Time limit for the header of a request, from its first byte.',
      ).prefault('30s'),
      stallTimeout: duration(
        { min: SECOND, max: HOUR },
        'Maximum time without progress of a request body or a response.',
      ).prefault('60s'),
    })
    .prefault({}),
};

/** Between the proxy and the members. */
const memberSide = {
  backend: z
    .strictObject({
      tls: z
        .strictObject({
          ca: file(
            'PEM file: the authorities of the members’ certificates, or these certificates. Default: well-known authorities.',
          ).optional(),
          verify: z
            .boolean()
            .meta({ description: '`false`: accept any certificate.' })
            .prefault(true),
          serverName: hostName(
            'Name in the members’ certificates. Default: the member’s address.',
          ).optional(),
        })
        .optional(),
    })
    .prefault({}),
  proxyProtocol: z
    .strictObject({
      accept: z
        .boolean()
        .meta({
          description:
            'Client connections begin with a PROXY header (version 1 or 2). Only behind a proxy: others could claim any address.',
        })
        .prefault(false),
      send: z
        .boolean()
        .meta({
          description: 'Begin connections to members with a PROXY header (version 2).',
        })
        .prefault(false),
    })
    .prefault({}),
};

const schema = z.strictObject({
  listen: address('Address for clients.'),
  via: z.literal('proxy').optional().default('proxy').meta({
    description:
      'How clients reach the active member. `proxy`: through hotwarm’s proxy, which holds and retries requests.',
  }),
  protocol: PROTOCOL,
  processes: z
    .int()
    .min(1)
    .max(64)
    .meta({
      description:
        'Number of proxy processes. Each gets an equal share of `hold` and `clients.maxConnections`.',
    })
    .prefault(1),
  responseTimeout: duration(
    { min: 0, max: HOUR },
    'Time limit for the first byte of a member’s response; `0s`: no limit.',
  ).prefault('0s'),
  hold: z
    .strictObject({
      timeout: duration(
        { min: 0, max: 10 * MINUTE },
        'Maximum time to hold a request; then 503 with Retry-After.',
      ).prefault('10s'),
      requests: z
        .int()
        .min(0)
        .max(1_000_000)
        .meta({ description: 'Maximum number of held requests.' })
        .prefault(1000),
      bytes: size({ min: 0, max: 16 * GIB }, 'Maximum memory for held requests.').prefault('64MiB'),
    })
    .prefault({}),
  retry: z
    .strictObject({
      body: size({ min: 0, max: GIB }, 'Largest request body kept for a retry.').prefault('1MiB'),
      attempts: z
        .int()
        .min(1)
        .max(8)
        .meta({ description: 'Maximum number of attempts per request, including the first.' })
        .prefault(2),
    })
    .optional(),
  ...clientSide,
  ...memberSide,
});

export type ParsedProxy = z.output<typeof schema>;

export type ResolvedProxy = ResolvedBase & {
  readonly via: 'proxy';
  readonly listen: HostPort;
  readonly processes: number;
  readonly limits: HoldLimits;
  readonly clients: ClientLimits;
  /** null: clients connect without TLS. */
  readonly tls: ClientTls | null;
  readonly acceptHeader: boolean;
};

export const PROXY: TrafficKind<typeof schema, ResolvedProxy> = {
  schema,
  abilities: (traffic) => proxyAbilities({ protocol: traffic.protocol, ...retryOf(traffic) }),
  listeners: ({ listen }) => [{ name: 'service', address: listen }],
  rules: proxyRules,
  compile: (traffic, baseDir) => ({
    via: traffic.via,
    abilities: PROXY.abilities(traffic),
    listen: traffic.listen,
    listeners: PROXY.listeners(traffic),
    protocol: traffic.protocol,
    processes: traffic.processes,
    limits: compileLimits(traffic),
    waiting: compileLimits(traffic),
    clients: {
      connections: traffic.clients.maxConnections,
      idleMs: traffic.clients.idleTimeout,
      headMs: traffic.clients.headerTimeout,
      stallMs: traffic.clients.stallTimeout,
    },
    tls: compileTls(traffic, baseDir),
    acceptHeader: traffic.proxyProtocol.accept,
    transport: compileTransport(traffic, baseDir),
  }),
};

function compileLimits(traffic: ParsedProxy): HoldLimits {
  const { hold, responseTimeout } = traffic;
  const retry = retryOf(traffic);
  return {
    holdMs: hold.timeout,
    holdRequests: hold.requests,
    holdBytes: hold.bytes,
    replayBytes: retry.body,
    attempts: retry.attempts,
    answerMs: responseTimeout,
  };
}

function compileTls({ tls }: ParsedProxy, baseDir: string): ClientTls | null {
  if (tls === undefined) return null;
  const { cert, key, min } = tls;
  return { certFile: resolve(baseDir, cert), keyFile: resolve(baseDir, key), minVersion: min };
}

function compileTransport(
  { backend, proxyProtocol }: ParsedProxy,
  baseDir: string,
): MemberTransport {
  const { tls } = backend;
  const sendHeader = proxyProtocol.send;
  if (tls === undefined) return { tls: null, sendHeader };
  const caFile = tls.ca === undefined ? null : resolve(baseDir, tls.ca);
  return { tls: { caFile, verify: tls.verify, serverName: tls.serverName ?? null }, sendHeader };
}
