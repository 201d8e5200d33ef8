import { abilityRules } from './ability-rules.ts';
import { addressRules } from './address-rules.ts';
import type { ConfigPath } from './faults.ts';
import { faultModelRules, planRules } from './fault-model-rules.ts';
import { leaseRules } from './lease-rules.ts';
import { memberRules } from './member-rules.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import { type ParsedLook, PROBE_EXAMPLES, PROBE_KIND_NAMES, probesOf } from './probe-kinds.ts';
import type { ParsedConfig, ParsedService } from './schema.ts';
import { timingRules } from './timing-rules.ts';
import { trafficRules } from './traffic/kinds.ts';

// Rules about several keys. Each rule has a code and a reason, and lists the keys that it compares:
// a rule does not apply to keys with an error of their own, so that one mistake is reported once. Durations are in
// timing-rules.ts and lease-rules.ts, members in member-rules.ts, addresses in address-rules.ts, abilities of the data
// plane in ability-rules.ts.

export function crossFieldFaults(config: ParsedConfig, hostname: string): RuleFault[] {
  const services = Object.entries(config.services);
  const faults: RuleFault[] = [];
  if (services.length === 0) {
    faults.push(
      ruleFault('noServices', [['services']], {
        message: { en: 'no service is defined', zh: '没有定义服务' },
        reason: { en: 'hotwarm needs at least one service', zh: 'hotwarm 至少需要一个服务' },
        hint: {
          en: 'add a service with two members; `hotwarm init` creates an example',
          zh: '添加一个有两个成员的服务；`hotwarm init` 可生成示例',
        },
      }),
    );
  }
  for (const [name, service] of services) {
    const at: ConfigPath = ['services', name];
    faults.push(
      ...probeRules(service, at),
      ...timingRules(service, at),
      ...leaseRules(service, at),
      ...memberRules(service, at, config.agent.host ?? hostname),
      ...abilityRules(service, at),
      ...trafficRules(service, at),
      ...faultModelRules(service, at),
      ...planRules(service, at),
    );
  }
  return [...faults, ...addressRules(config)];
}

function probeRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const faults = lookRules(service.probe, [...at, 'probe']);
  if (service.ready === undefined) return faults;
  return [...faults, ...lookRules(service.ready, [...at, 'ready'])];
}

function lookRules(look: ParsedLook, at: ConfigPath): RuleFault[] {
  const faults: RuleFault[] = [];
  const kinds = probesOf(look).map(({ type }) => type);
  if (kinds.length !== 1) {
    const compared = PROBE_KIND_NAMES.map((kind): ConfigPath => [...at, kind]);
    faults.push(
      ruleFault('probeKind', [at, ...compared], {
        message:
          kinds.length === 0
            ? { en: 'no probe type is set', zh: '没有设置探测方式' }
            : {
                en: `${kinds.join(' and ')} exclude each other`,
                zh: `${kinds.join('、')} 不能同时设置`,
              },
        reason: { en: 'a probe has exactly one type', zh: '一个探测只能有一种方式' },
        hint: {
          en: `set exactly one of ${PROBE_EXAMPLES.join(', ')}`,
          zh: `${PROBE_EXAMPLES.join('、')} 须恰好设置一个`,
        },
      }),
    );
  }
  if (look.expect !== undefined && look.http === undefined) {
    faults.push(
      ruleFault(
        'expectNeedsHttp',
        [
          [...at, 'expect'],
          [...at, 'http'],
        ],
        {
          message: { en: '`expect` is set without `http`', zh: '设置了 `expect` 而没有 `http`' },
          reason: { en: 'only HTTP responses have a status code', zh: '只有 HTTP 响应有状态码' },
          hint: {
            en: 'remove `expect`, or probe with `http: /path`',
            zh: '删除 `expect`，或用 `http: /path` 探测',
          },
        },
      ),
    );
  }
  return faults;
}
