import { drainTimeoutMs, hangProofMs } from '../defaults.ts';
import type { ConfigPath } from '../faults.ts';
import { type RuleFault, ruleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import { formatDuration, formatSize } from '../units.ts';
import type { ParsedProxy } from './proxy.ts';

// What must hold for requests that wait and are sent again, for TLS and for the PROXY protocol. Whether files exist and
// belong together is for preflight.

/** What is kept of a request for sending it again, where the file does not say. */
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
        what: `requests wait for ${formatDuration(hold.timeout)}, but it may take ${formatDuration(proofMs)} to prove a hang`,
        why: 'what waits would be answered 503 just before the takeover',
        todo: `set hold.timeout well above ${formatDuration(proofMs)}, or to 0s to hold nothing`,
      }),
    );
  }
  const drainMs = drainTimeoutMs(service);
  if (service.exclusive && drainMs > hold.timeout) {
    faults.push(
      ruleFault('drainBeyondHold', [key('timeouts', 'drain'), holdKey, key('exclusive')], {
        what: `drain ${formatDuration(drainMs)} is longer than hold.timeout ${formatDuration(hold.timeout)}`,
        why: 'in an exclusive service new requests wait while the old ones drain, and would be answered 503',
        todo: `set timeouts.drain to ${formatDuration(hold.timeout)} or less`,
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
        what: '`retry` is given with `protocol: tcp`',
        why: 'a byte stream has no requests that could be told apart and sent again',
        todo: 'remove `retry`, or set `protocol: http`',
      }),
    ];
  }
  const { body } = retryOf(traffic);
  const neededBytes = body * processes;
  if (hold.bytes === 0 || neededBytes <= hold.bytes) return [];
  const keys = [key('traffic', 'hold', 'bytes'), key('traffic', 'retry', 'body')] as const;
  return [
    ruleFault('replayBeyondHold', keys, {
      what: `hold.bytes ${formatSize(hold.bytes)} is below retry.body ${formatSize(body)}${processes > 1 ? ` for each of ${processes} processes` : ''}`,
      why: 'one request of the size that may be replayed could not be held',
      todo: `set hold.bytes to ${formatSize(neededBytes)} or more`,
    }),
  ];
}

function connectionRules({ backend, protocol, proxyProtocol }: ParsedProxy, key: KeyOf) {
  const faults: RuleFault[] = [];
  if (proxyProtocol.send && protocol === 'http') {
    const keys = [key('traffic', 'proxyProtocol', 'send'), key('traffic', 'protocol')] as const;
    faults.push(
      ruleFault('sendNeedsTcp', keys, {
        what: 'proxyProtocol.send is set for protocol http',
        why: 'requests of several clients share a connection to the member, and its header can name only one of them',
        todo: 'remove it, as X-Forwarded-For names the client; or set `protocol: tcp`',
      }),
    );
  }
  if (backend.tls?.verify === false && backend.tls.ca !== undefined) {
    const tls = (name: string): ConfigPath => key('traffic', 'backend', 'tls', name);
    faults.push(
      ruleFault('caUnused', [tls('ca'), tls('verify')], {
        what: 'ca is given, but verify is false',
        why: 'without verification nobody looks at it, which is easily overlooked',
        todo: 'remove `verify: false`, or remove ca',
      }),
    );
  }
  return faults;
}
