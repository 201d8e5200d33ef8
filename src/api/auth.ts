import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../errors.ts';

// Access to the API. On the Unix socket the file permissions decide. Over TCP with a token, every request needs it except
// the health endpoints. Without a token the API is for this host only: every local user can read; root and the agent's
// user, proved by the owner of the client's socket, can send commands. The Host header must name this host: otherwise a
// web page in a local browser could rebind its name to 127.0.0.1 and read responses. Commands require a content type that
// browsers do not send across origins unasked: this stops web pages that only send.

/** The origin of a request. */
export type Peer =
  | { readonly via: 'unix' }
  /** owner: user ID of the client's process; null: not proved. */
  | { readonly via: 'tcp'; readonly owner: () => Promise<number | null> };

export type Access = {
  /** The TCP listen address. */
  readonly host: string;
  readonly token: string | null;
  /** Path of the Unix socket; null: none. */
  readonly socket: string | null;
  readonly peerOf: (context: Context) => Peer;
};

const OPEN_PATHS: readonly string[] = ['/status', '/get_status', '/healthz', '/readyz'];
const READING: readonly string[] = ['GET', 'HEAD'];

export function requireAccess(access: Access): MiddlewareHandler {
  const expected = access.token === null ? null : digest(access.token);
  return async (context, next) => {
    const peer = access.peerOf(context);
    if (peer.via === 'tcp') {
      requireOwnHost(access.host, context);
      if (expected !== null) requireToken(expected, context);
      else if (!READING.includes(context.req.method)) await requireOwner(peer, access.socket);
    }
    await next();
  };
}

/** A user with a limit of its own; null: a trusted user without one. */
export async function limitedUser(access: Access, context: Context): Promise<string | null> {
  const peer = access.peerOf(context);
  if (peer.via === 'unix' || access.token !== null) return null;
  const owner = await peer.owner();
  return owner !== null && isTrustedUser(owner) ? null : String(owner);
}

function requireToken(expected: Buffer, context: Context): void {
  if (OPEN_PATHS.includes(context.req.path)) return;
  const given = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
  if (!timingSafeEqual(digest(given), expected)) throw unauthorized();
}

async function requireOwner(
  peer: Extract<Peer, { via: 'tcp' }>,
  socket: string | null,
): Promise<void> {
  const owner = await peer.owner();
  if (owner === null || !isTrustedUser(owner)) throw foreignUser(owner, socket);
}

/** These users could stop the agent anyway. */
function isTrustedUser(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function requireOwnHost(host: string, context: Context): void {
  const asked = hostName(context.req.header('host') ?? new URL(context.req.url).host);
  if (isLoopback(host) && !isLoopback(asked)) throw foreignHost(asked);
}

export const requireJson: MiddlewareHandler = async (context, next) => {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new AppError('usage', {
      message: { en: 'the request is not JSON', zh: '请求不是 JSON' },
      reason:
        type === ''
          ? { en: 'the content type is missing', zh: '缺少 content-type' }
          : {
              en: `the content type is ${JSON.stringify(type)}`,
              zh: `content-type 为 ${JSON.stringify(type)}`,
            },
      hint: {
        en: 'send the header content-type: application/json',
        zh: '发送头部 content-type: application/json',
      },
    });
  }
  await next();
};

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** In lower case, without port, IPv6 brackets and a trailing dot. */
function hostName(header: string): string {
  const name = header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.replace(/\.$/, '').toLowerCase();
}

/** Digests have equal length: comparing them reveals nothing about the token's length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function unauthorized(): AppError {
  return new AppError('unauthorized', {
    message: { en: 'authentication required', zh: '需要令牌' },
    reason: { en: 'the token is missing or wrong', zh: '请求没有令牌，或令牌错误' },
    hint: {
      en: 'send the header authorization: Bearer TOKEN with the value of agent.token',
      zh: '发送头部 authorization: Bearer TOKEN，值为 agent.token',
    },
  });
}

function foreignUser(uid: number | null, socket: string | null): AppError {
  const byToken = {
    en: 'set agent.token and send it as authorization: Bearer TOKEN',
    zh: '设置 agent.token，并以 authorization: Bearer TOKEN 发送',
  };
  return new AppError('unauthorized', {
    message: { en: 'this user may not send commands', zh: '该用户无权发送命令' },
    reason:
      uid === null
        ? { en: "the client's user is not known", zh: '无法确定客户端所属的用户' }
        : {
            en: `user ID ${uid} is neither root nor the agent's user`,
            zh: `用户 ID ${uid} 既不是 root，也不是 agent 的用户`,
          },
    hint:
      socket === null
        ? byToken
        : {
            en: `use the Unix socket ${socket} as root or as the agent's user, or ${byToken.en}`,
            zh: `以 root 或 agent 的用户身份使用 Unix socket ${socket}，或${byToken.zh}`,
          },
  });
}

function foreignHost(asked: string): AppError {
  return new AppError('unauthorized', {
    message: {
      en: `request rejected: unexpected Host header ${asked}`,
      zh: `请求被拒绝：Host 头部 ${asked} 不被接受`,
    },
    reason: { en: 'the API serves this host only', zh: 'API 只供本机访问' },
    hint: { en: 'use 127.0.0.1 or localhost', zh: '改用 127.0.0.1 或 localhost' },
  });
}
