import { drainTimeoutMs, hangProofMs } from '../defaults.ts';
import type { ConfigPath } from '../faults.ts';
import { type RuleFault, ruleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import { formatDuration, formatSize } from '../units.ts';
import type { ParsedProxy } from './proxy.ts';

// Rules for held and retried requests, TLS and the PROXY protocol. Preflight checks whether files exist and match.

/** Default limits of a retry. */
const RETRY = { body: 1024 * 1024, attempts: 2 };

export function retryOf({ retry }: ParsedProxy): { body: number; attempts: number } {
  return retry ?? RETRY;
}

type KeyOf = (...keys: string[]) => ConfigPath;

export function proxyRules(
  traffic: ParsedProxy,
  service: ParsedService,
  at: ConfigPath,
): RuleFault[] {
  const key: KeyOf = (...keys) => [...at, ...keys];
  return [
    ...holdRules(traffic, service, key),
    ...retryRules(traffic, key),
    ...connectionRules(traffic, key),
  ];
}

function holdRules({ hold }: ParsedProxy, service: ParsedService, key: KeyOf): RuleFault[] {
  if (hold.timeout === 0) return [];
  const faults: RuleFault[] = [];
  const proofMs = hangProofMs(service.probe);
  const holdKey = key('traffic', 'hold', 'timeout');
  if (hold.timeout <= proofMs) {
    const keys = [
      holdKey,
      key('probe', 'maxSilence'),
      key('probe', 'timeout'),
      key('probe', 'interval'),
    ] as const;
    faults.push(
      ruleFault('holdTooShort', keys, {
        message: {
          en: `requests are held for ${formatDuration(hold.timeout)}, but confirming a hang can take ${formatDuration(proofMs)}`,
          zh: `请求暂存 ${formatDuration(hold.timeout)}，而确认假死可能需要 ${formatDuration(proofMs)}`,
        },
        reason: {
          en: 'held requests would get a 503 just before the takeover',
          zh: '暂存的请求会在接管前夕收到 503',
        },
        hint: {
          en: `set hold.timeout well above ${formatDuration(proofMs)}, or to 0s to hold no requests`,
          zh: `把 hold.timeout 设为明显大于 ${formatDuration(proofMs)}，或设为 0s 以不暂存请求`,
        },
      }),
    );
  }
  const drainMs = drainTimeoutMs(service);
  if (service.exclusive && drainMs > hold.timeout) {
    faults.push(
      ruleFault('drainBeyondHold', [key('timeouts', 'drain'), holdKey, key('exclusive')], {
        message: {
          en: `drain ${formatDuration(drainMs)} is longer than hold.timeout ${formatDuration(hold.timeout)}`,
          zh: `drain ${formatDuration(drainMs)} 长于 hold.timeout（${formatDuration(hold.timeout)}）`,
        },
        reason: {
          en: 'an exclusive service holds new requests while old ones drain; they would get a 503',
          zh: '独占服务在排空期间暂存新请求，这些请求会收到 503',
        },
        hint: {
          en: `set timeouts.drain to ${formatDuration(hold.timeout)} or less`,
          zh: `把 timeouts.drain 设为 ${formatDuration(hold.timeout)} 或更短`,
        },
      }),
    );
  }
  return faults;
}

function retryRules(traffic: ParsedProxy, key: KeyOf): RuleFault[] {
  const { hold, processes, protocol } = traffic;
  if (protocol === 'tcp') {
    if (traffic.retry === undefined) return [];
    return [
      ruleFault('replayNeedsHttp', [key('traffic', 'retry'), key('traffic', 'protocol')], {
        message: {
          en: '`retry` is set with `protocol: tcp`',
          zh: '`protocol: tcp` 时设置了 `retry`',
        },
        reason: {
          en: 'a byte stream has no separate requests that could be retried',
          zh: '字节流中没有可以单独重发的请求',
        },
        hint: {
          en: 'remove `retry`, or set `protocol: http`',
          zh: '删除 `retry`，或设置 `protocol: http`',
        },
      }),
    ];
  }
  const { body } = retryOf(traffic);
  const neededBytes = body * processes;
  if (hold.bytes === 0 || neededBytes <= hold.bytes) return [];
  const keys = [key('traffic', 'hold', 'bytes'), key('traffic', 'retry', 'body')] as const;
  return [
    ruleFault('replayBeyondHold', keys, {
      message: {
        en: `hold.bytes ${formatSize(hold.bytes)} is less than retry.body ${formatSize(body)}${processes > 1 ? ` for each of ${processes} processes` : ''}`,
        zh: `hold.bytes ${formatSize(hold.bytes)} 小于 retry.body（${processes > 1 ? `${processes} 个进程，每个 ` : ''}${formatSize(body)}）`,
      },
      reason: {
        en: 'the largest retryable request would not fit in the hold queue',
        zh: '暂存队列放不下最大的可重发请求',
      },
      hint: {
        en: `set hold.bytes to ${formatSize(neededBytes)} or more`,
        zh: `把 hold.bytes 设为 ${formatSize(neededBytes)} 或更大`,
      },
    }),
  ];
}

function connectionRules({ backend, protocol, proxyProtocol }: ParsedProxy, key: KeyOf) {
  const faults: RuleFault[] = [];
  if (proxyProtocol.send && protocol === 'http') {
    const keys = [key('traffic', 'proxyProtocol', 'send'), key('traffic', 'protocol')] as const;
    faults.push(
      ruleFault('sendNeedsTcp', keys, {
        message: {
          en: 'proxyProtocol.send is set with protocol http',
          zh: '协议为 http 时设置了 proxyProtocol.send',
        },
        reason: {
          en: 'several clients share one connection to the member, but the header can contain only one address',
          zh: '多个客户端共用到成员的一条连接，而头部只能写明其中一个',
        },
        hint: {
          en: 'remove it, because X-Forwarded-For contains the client address; or set `protocol: tcp`',
          zh: '将其删除，客户端地址由 X-Forwarded-For 给出；或设置 `protocol: tcp`',
        },
      }),
    );
  }
  if (backend.tls?.verify === false && backend.tls.ca !== undefined) {
    const tls = (name: string): ConfigPath => key('traffic', 'backend', 'tls', name);
    faults.push(
      ruleFault('caUnused', [tls('ca'), tls('verify')], {
        message: {
          en: 'ca has no effect with `verify: false`',
          zh: '`verify: false` 时 ca 不起作用',
        },
        reason: {
          en: 'hotwarm does not verify certificates with `verify: false`',
          zh: '`verify: false` 时，hotwarm 不校验证书',
        },
        hint: {
          en: 'remove `verify: false`, or remove ca',
          zh: '删除 `verify: false`，或删除 ca',
        },
      }),
    );
  }
  return faults;
}
