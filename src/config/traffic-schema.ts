import { z } from 'zod';
import { choice, duration, hostName, listenAddress, name, text, userName } from './values.ts';

// Keys of `traffic` that are about connections: their limits, TLS, and on whose behalf they come. Part of schema.ts.

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

const file = (description: string) =>
  text(/^[^\0]+$/, 'a path', `${description} From the configuration file’s directory.`);

/** Between the clients and the proxy. */
export const clientSide = {
  tls: z
    .strictObject({
      cert: file(
        'PEM: the certificate, then those between it and the root; reread when it changes.',
      ),
      key: file('PEM: its key, without a password; reread when it changes.'),
      min: choice(['TLSv1.2', 'TLSv1.3'], 'The oldest version that clients may use.').prefault(
        'TLSv1.2',
      ),
    })
    .optional(),
  clients: z
    .strictObject({
      connections: z
        .int()
        .min(1)
        .max(1_000_000)
        .meta({ description: 'How many may be open; the rest are closed at once.' })
        .prefault(10_000),
      idle: duration(
        { min: SECOND, max: HOUR },
        'How long one may stay open without a request.',
      ).prefault('75s'),
      head: duration(
        { min: SECOND, max: HOUR },
        'How long the head of a request may take from its first byte.',
      ).prefault('30s'),
      stall: duration(
        { min: SECOND, max: HOUR },
        'How long a body may not move, nor an answer be read.',
      ).prefault('60s'),
    })
    .prefault({}),
};

/** Between the proxy and the members. */
export const memberSide = {
  backend: z
    .strictObject({
      tls: z
        .strictObject({
          ca: file(
            'PEM: whoever signed the members’ certificates, or these themselves. Default: well-known authorities.',
          ).optional(),
          verify: z
            .boolean()
            .meta({ description: '`false`: any certificate will do.' })
            .prefault(true),
          serverName: hostName(
            'The name in the members’ certificates. Default: the member’s address.',
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
            'Each client connection begins with a header, version 1 or 2, that names the client. For proxies in front only: whoever connects can claim any address.',
        })
        .prefault(false),
      send: z
        .boolean()
        .meta({
          description:
            'Each connection to a member begins with a header, version 2, that names the client.',
        })
        .prefault(false),
    })
    .prefault({}),
};

/** Listening sockets that members inherit. */
export const socketSide = {
  listeners: z
    .record(name, listenAddress('Where clients connect, too.'))
    .meta({
      description:
        'Further addresses, by the names that they have in `LISTEN_FDNAMES`; members inherit them after `listen`. With `via: socket` only.',
      'x-type': 'names and addresses',
    })
    .optional(),
  backlog: z
    .int()
    .min(1)
    .max(65_535)
    .meta({
      description:
        'How many connections may wait in the kernel until a member accepts them; the kernel caps it at `net.core.somaxconn`. With `via: socket` only. Default: 4096.',
    })
    .optional(),
  accept: choice(
    ['start', 'go'],
    'When a member begins to accept clients: from its start on, or once it has read a line from the descriptor `HOTWARM_GO_FD`. With `via: socket` only. Default: start.',
  ).optional(),
  blocking: z
    .boolean()
    .meta({
      description:
        'Members call accept(2) and wait in it: their sockets are in blocking mode at each start. With `via: socket` only. Default: false.',
    })
    .optional(),
  unix: z
    .strictObject({
      mode: text(
        /^0?[0-7]{3}$/,
        'three octal digits in quotes, such as "660"',
        'Its permissions: whoever may write to it may connect.',
      ).prefault('660'),
      owner: userName('Its owner and group. Default: the agent’s.').optional(),
    })
    .optional(),
};
