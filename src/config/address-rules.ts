import { isIP } from 'node:net';
import { isUnix, type ListenAddress } from '../drivers/listen-address.ts';
import type { Text } from '../core/describe/language.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedConfig } from './schema.ts';
import { trafficListeners } from './traffic/kinds.ts';
import { formatAddress } from './units.ts';

// Listen addresses: of the API, of each service and of each member.

type Listener = {
  readonly at: ConfigPath;
  readonly address: ListenAddress;
  readonly who: Text;
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
      message: {
        en: `the API address ${formatAddress(agent.api)} is reachable from other hosts`,
        zh: `API 地址 ${formatAddress(agent.api)} 可从其他主机访问`,
      },
      reason: {
        en: 'anyone who can reach it can stop the service; the API of this version has no TLS',
        zh: '任何能访问它的人都能停止服务，而本版本的 API 不支持 TLS',
      },
      hint: {
        en: 'use 127.0.0.1; for remote access use an SSH tunnel or a proxy with TLS',
        zh: '改用 127.0.0.1；远程访问请用 SSH 隧道或支持 TLS 的代理',
      },
    }),
  ];
}

function listenersOf(config: ParsedConfig): Listener[] {
  const listeners: Listener[] = [
    {
      at: ['agent', 'api'],
      address: config.agent.api,
      who: { en: 'agent.api', zh: ' agent.api ' },
    },
  ];
  for (const [serviceName, service] of Object.entries(config.services)) {
    const at: ConfigPath = ['services', serviceName];
    const [first, ...further] = trafficListeners(service.traffic);
    listeners.push({
      at: [...at, 'traffic', 'listen'],
      address: first.address,
      who: { en: `service ${serviceName}`, zh: `服务 ${serviceName} ` },
    });
    for (const { name, address } of further) {
      const who = {
        en: `listener ${serviceName}/${name}`,
        zh: `监听 ${serviceName}/${name} `,
      };
      listeners.push({ at: [...at, 'traffic', 'listeners', name], address, who });
    }
    for (const [name, member] of Object.entries(service.members)) {
      listeners.push({
        at: [...at, 'members', name, 'port'],
        address: { host: member.address, port: member.port },
        who: { en: `member ${serviceName}/${name}`, zh: `成员 ${serviceName}/${name} ` },
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
        message: {
          en: `${formatAddress(later.address)} is also the address of ${earlier.who.en}`,
          zh: `${formatAddress(later.address)} 也是${earlier.who.zh}的地址`,
        },
        reason: {
          en: 'only one of them can listen on this address',
          zh: '一个地址只能由一方监听',
        },
        hint: isUnix(later.address)
          ? { en: 'use a different path for each', zh: '为每一方设置不同的路径' }
          : { en: 'use a different port for each', zh: '为每一方设置不同的端口' },
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
