import { isIP } from 'node:net';
import { isUnix, type ListenAddress } from '../drivers/listen-address.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedConfig } from './schema.ts';
import { trafficListeners } from './traffic/kinds.ts';
import { formatAddress } from './units.ts';

// Who listens where: the API, each service's public address, each member.

type Listener = {
  readonly at: ConfigPath;
  readonly address: ListenAddress;
  readonly who: string;
};

export function addressRules(config: ParsedConfig): RuleFault[] {
  return [...apiRules(config), ...clashRules(listenersOf(config))];
}

/** 127.0.0.0/8, ::1 and the name localhost. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function apiRules({ agent }: ParsedConfig): RuleFault[] {
  if (isLoopback(agent.api.host)) return [];
  return [
    ruleFault('apiExposed', [['agent', 'api']], {
      what: `the API would listen on ${formatAddress(agent.api)}, which other machines can reach`,
      why: 'whoever reaches it can stop the service; that demands a token and TLS, and this version has no TLS',
      todo: 'use 127.0.0.1, and reach it from elsewhere through an SSH tunnel or a proxy that does TLS',
    }),
  ];
}

function listenersOf(config: ParsedConfig): Listener[] {
  const listeners: Listener[] = [
    { at: ['agent', 'api'], address: config.agent.api, who: 'agent.api' },
  ];
  for (const [serviceName, service] of Object.entries(config.services)) {
    const at: ConfigPath = ['services', serviceName];
    const [first, ...further] = trafficListeners(service.traffic);
    listeners.push({
      at: [...at, 'traffic', 'listen'],
      address: first.address,
      who: `service ${serviceName}`,
    });
    for (const { name, address } of further) {
      const who = `listener ${serviceName}/${name}`;
      listeners.push({ at: [...at, 'traffic', 'listeners', name], address, who });
    }
    for (const [name, member] of Object.entries(service.members)) {
      listeners.push({
        at: [...at, 'members', name, 'port'],
        address: { host: member.address, port: member.port },
        who: `member ${serviceName}/${name}`,
      });
    }
  }
  return listeners;
}

function clashRules(listeners: readonly Listener[]): RuleFault[] {
  const faults: RuleFault[] = [];
  for (const [index, later] of listeners.entries()) {
    const earlier = listeners.slice(0, index).find((other) => clash(other.address, later.address));
    if (earlier === undefined) continue;
    const hostKeys = [later, earlier].map(({ at }) =>
      at.at(-1) === 'port' ? [...at.slice(0, -1), 'address'] : at,
    );
    faults.push(
      ruleFault('addressClash', [later.at, earlier.at, ...hostKeys], {
        what: `${formatAddress(later.address)} is also the address of ${earlier.who}`,
        why: 'only one of them can listen there',
        todo: isUnix(later.address) ? 'give each its own path' : 'give each its own port',
      }),
    );
  }
  return faults;
}

function clash(a: ListenAddress, b: ListenAddress): boolean {
  if (isUnix(a) || isUnix(b)) return isUnix(a) && isUnix(b) && a.path === b.path;
  if (a.port !== b.port) return false;
  return isAnyHost(a.host) || isAnyHost(b.host) || plainHost(a.host) === plainHost(b.host);
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function plainHost(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}
