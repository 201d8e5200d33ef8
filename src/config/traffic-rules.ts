import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';

// What must hold for TLS, the PROXY protocol and the number of processes. Whether the files exist and belong together is for preflight.

export function trafficRules({ traffic }: ParsedService, at: ConfigPath): RuleFault[] {
  const faults: RuleFault[] = [];
  const key = (...keys: readonly string[]): ConfigPath => [...at, 'traffic', ...keys];
  const { backend, processes, protocol, proxyProtocol, tls, via } = traffic;
  const proxyOnly = [
    ...(tls === undefined ? [] : [key('tls')]),
    ...(backend.tls === undefined ? [] : [key('backend', 'tls')]),
    ...(proxyProtocol.accept ? [key('proxyProtocol', 'accept')] : []),
    ...(proxyProtocol.send ? [key('proxyProtocol', 'send')] : []),
    ...(processes > 1 ? [key('processes')] : []),
  ];
  for (const path of via === 'proxy' ? [] : proxyOnly) {
    faults.push(
      ruleFault('needsProxy', [path, key('via')], {
        what: `via is ${via}, where nothing stands between the clients and the members`,
        why: 'only the proxy could do this, so the key would have no effect',
        todo: 'set `via: proxy`, or remove it and let the members do it themselves',
      }),
    );
  }
  if (proxyProtocol.send && protocol === 'http') {
    faults.push(
      ruleFault('sendNeedsTcp', [key('proxyProtocol', 'send'), key('protocol')], {
        what: 'proxyProtocol.send is set for protocol http',
        why: 'requests of several clients share a connection to the member, and its header can name only one of them',
        todo: 'remove it, as X-Forwarded-For names the client; or set `protocol: tcp`',
      }),
    );
  }
  if (backend.tls?.verify === false && backend.tls.ca !== undefined) {
    faults.push(
      ruleFault('caUnused', [key('backend', 'tls', 'ca'), key('backend', 'tls', 'verify')], {
        what: 'ca is given, but verify is false',
        why: 'without verification nobody looks at it, which is easily overlooked',
        todo: 'remove `verify: false`, or remove ca',
      }),
    );
  }
  return faults;
}
