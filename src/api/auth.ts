import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../errors.ts';

// Who may talk to the API. With a token every request needs it, save the three that load balancers ask
// and that tell nothing but up or down. Without one the API is for this host only, and then the Host
// header must name this host: otherwise a page that a local browser has open could rebind its own
// name to 127.0.0.1 and read the answers. A page that only sends, without reading, is stopped by the
// content type that every command demands, as browsers do not send it across origins unasked.

const OPEN_PATHS: readonly string[] = ['/status', '/get_status', '/healthz', '/readyz'];

export function requireToken(token: string | null): MiddlewareHandler {
  const expected = token === null ? null : digest(token);
  return async (context, next) => {
    if (expected !== null && !OPEN_PATHS.includes(context.req.path)) {
      const given = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
      if (!timingSafeEqual(digest(given), expected)) throw unauthorised();
    }
    await next();
  };
}

/** host: the address that the API listens on. */
export function requireOwnHost(host: string): MiddlewareHandler {
  return async (context, next) => {
    const asked = hostName(context.req.header('host') ?? new URL(context.req.url).host);
    if (isLoopback(host) && !isLoopback(asked)) throw foreignHost(asked);
    await next();
  };
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

/** Without the port and the brackets around an IPv6 address. */
function hostName(header: string): string {
  return header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** Digests have one length, so comparing them tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function unauthorised(): AppError {
  return new AppError('unauthorised', {
    message: { en: 'authentication required', zh: '需要令牌' },
    reason: { en: 'the token is missing or wrong', zh: '请求没有令牌，或令牌错误' },
    hint: {
      en: 'send the header authorization: Bearer TOKEN with the value of agent.token',
      zh: '发送头部 authorization: Bearer TOKEN，值为 agent.token',
    },
  });
}

function foreignHost(asked: string): AppError {
  return new AppError('unauthorised', {
    message: {
      en: `request rejected: unexpected Host header ${asked}`,
      zh: `请求被拒绝：Host 头部 ${asked} 不被接受`,
    },
    reason: { en: 'the API serves this host only', zh: 'API 只供本机访问' },
    hint: { en: 'use 127.0.0.1 or localhost', zh: '改用 127.0.0.1 或 localhost' },
  });
}
