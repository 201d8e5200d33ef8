import type { ResolvedMember, ResolvedService } from '../../config/resolved.ts';
import { DriverError } from '../../drivers/driver-error.ts';
import { inheritedEnv } from '../../drivers/member/process/environment.ts';
import { assertDirectory, findExecutable } from '../../drivers/member/process/executable.ts';
import { assertMayBecome, resolveAccount } from '../../drivers/member/process/user.ts';
import type { PreflightFinding } from './finding.ts';

// Whether the members' commands could be started, by the very checks that the driver makes.

export function serviceFindings({
  name,
  core,
  probe,
  ready,
  members,
}: ResolvedService): PreflightFinding[] {
  const specs = ready === probe ? [probe] : [probe, ready];
  const [first] = members;
  const probes = specs.flatMap((spec) =>
    spec.type === 'command' && first !== undefined
      ? commandFindings(
          `services.${name}.${spec === probe ? 'probe' : 'ready'}`,
          spec.command,
          first,
        )
      : [],
  );
  // An observed service's members are started by somebody else.
  if (core.mode === 'observe') return probes;
  return [...members.flatMap((member) => memberFindings(name, member)), ...probes];
}

export function ownerFindings(where: string, owner: string | null): PreflightFinding[] {
  const what = owner === null ? null : refusalOf(() => assertMayBecome(resolveAccount(owner)));
  if (what === null) return [];
  const todo = 'name an existing user and run hotwarm as root, or remove `owner`';
  return [{ level: 'error', code: 'userUnusable', where, what, todo }];
}

function memberFindings(service: string, member: ResolvedMember): PreflightFinding[] {
  const at = `services.${service}.members.${member.name}`;
  const findings: PreflightFinding[] = [];
  const cwd = refusalOf(() => assertDirectory(member.cwd));
  if (cwd === null) findings.push(...commandFindings(at, member.command, member));
  else {
    const todo = 'make the directory, or mend cwd';
    findings.push({ level: 'error', code: 'cwdMissing', where: `${at}.cwd`, what: cwd, todo });
  }
  const { user } = member;
  const account = user === null ? null : refusalOf(() => assertMayBecome(resolveAccount(user)));
  if (account !== null) {
    const todo = 'name an existing user and run hotwarm as root, or remove `user`';
    const where = `${at}.user`;
    findings.push({ level: 'error', code: 'userUnusable', where, what: account, todo });
  }
  return findings;
}

function commandFindings(
  at: string,
  command: readonly string[],
  member: ResolvedMember,
): PreflightFinding[] {
  const env = { ...inheritedEnv(process.env), ...member.env };
  const what = refusalOf(() =>
    findExecutable(command[0] ?? '', member.cwd, env['PATH'] ?? '/usr/bin:/bin'),
  );
  if (what === null) return [];
  const todo = 'install it, or give its full path';
  return [{ level: 'error', code: 'binaryMissing', where: `${at}.command`, what, todo }];
}

/** What a driver's check says; null: nothing against it. */
function refusalOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof DriverError) return error.message;
    throw error;
  }
}
