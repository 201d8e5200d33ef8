import { unreachable } from '../../core/assert.ts';
import { inheritedEnv } from '../member/process/environment.ts';
import { createCommandProbe } from './command.ts';
import type { Probe } from './contract.ts';
import { createHttpProbe } from './http.ts';
import type { ProbeSpec, ProbeTarget } from './spec.ts';
import { createTcpProbe } from './tcp.ts';

/** env: for command probes, added to what a child of the agent inherits. */
export function createProbe(
  spec: ProbeSpec,
  target: ProbeTarget,
  env: Readonly<Record<string, string>>,
): Probe {
  switch (spec.type) {
    case 'http':
      return createHttpProbe({ target, path: spec.path, expect: spec.expect });
    case 'tcp':
      return createTcpProbe(target);
    case 'command':
      return createCommandProbe({
        command: spec.command,
        env: {
          ...inheritedEnv(process.env),
          ...env,
          PORT: `${target.port}`,
          HOTWARM_ADDRESS: target.host,
        },
      });
    default:
      return unreachable(spec);
  }
}
