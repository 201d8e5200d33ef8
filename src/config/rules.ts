import { abilityRules } from './ability-rules.ts';
import { addressRules } from './address-rules.ts';
import type { ConfigPath } from './faults.ts';
import { faultModelRules, planRules } from './fault-model-rules.ts';
import { memberRules } from './member-rules.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedConfig, ParsedLook, ParsedService } from './schema.ts';
import { timingRules } from './timing-rules.ts';
import { trafficRules } from './traffic/kinds.ts';

// What several keys must satisfy together. Each rule has a name (its code), says why it exists, and lists
// the keys that it compared: a rule is silent about keys that are faulty by themselves, so that one slip
// is reported once. Rules about one service's durations are in timing-rules.ts, about its members in
// member-rules.ts, about who listens where in address-rules.ts, about what the data plane can do in ability-rules.ts.

export function crossFieldFaults(config: ParsedConfig, hostname: string): RuleFault[] {
  const services = Object.entries(config.services);
  const faults: RuleFault[] = [];
  if (services.length === 0) {
    faults.push(
      ruleFault('noServices', [['services']], {
        what: 'there is no service',
        why: 'without one there is nothing to keep available',
        todo: 'add a service with two members; `hotwarm init` writes an example',
      }),
    );
  }
  for (const [name, service] of services) {
    const at: ConfigPath = ['services', name];
    faults.push(
      ...probeRules(service, at),
      ...timingRules(service, at),
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
  const kinds = (['http', 'tcp', 'command'] as const).filter((kind) => look[kind] !== undefined);
  if (kinds.length !== 1) {
    const compared = (['http', 'tcp', 'command'] as const).map((kind): ConfigPath => [...at, kind]);
    faults.push(
      ruleFault('probeKind', [at, ...compared], {
        what:
          kinds.length === 0
            ? 'it is not said what to look at'
            : `${kinds.join(' and ')} exclude each other`,
        why: 'one look is one question with one answer',
        todo: 'give exactly one of `http: /path`, `tcp: true` and `command: [...]`',
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
          what: '`expect` is given without `http`',
          why: 'only HTTP answers have a status',
          todo: 'remove `expect`, or look with `http: /path`',
        },
      ),
    );
  }
  return faults;
}
