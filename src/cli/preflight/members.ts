import type { ResolvedMember, ResolvedService } from '../../config/resolved.ts';
import type { Text } from '../../core/describe/language.ts';
import { DriverError } from '../../drivers/driver-error.ts';
import { inheritedEnv } from '../../drivers/member/process/environment.ts';
import { assertDirectory, findExecutable } from '../../drivers/member/process/executable.ts';
import { assertMayBecome, resolveAccount } from '../../drivers/member/process/user.ts';
import type { PreflightFinding } from './finding.ts';

// Whether the members can be started, with the same checks that the driver makes.

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
  // hotwarm does not start the members of an observed service.
  if (core.mode === 'observe') return probes;
  return [...members.flatMap((member) => memberFindings(name, member)), ...probes];
}

export function ownerFindings(where: string, owner: string | null): PreflightFinding[] {
  const message = owner === null ? null : refusalOf(() => assertMayBecome(resolveAccount(owner)));
  if (message === null) return [];
  return [{ level: 'error', code: 'userUnusable', where, message, hint: userHint('owner') }];
}

function memberFindings(service: string, member: ResolvedMember): PreflightFinding[] {
  const at = `services.${service}.members.${member.name}`;
  const findings: PreflightFinding[] = [];
  const cwd = refusalOf(() => assertDirectory(member.cwd));
  if (cwd === null) findings.push(...commandFindings(at, member.command, member));
  else {
    const hint = { en: 'create the directory, or fix cwd', zh: '创建该目录，或修正 cwd' };
    findings.push({ level: 'error', code: 'cwdMissing', where: `${at}.cwd`, message: cwd, hint });
  }
  const { user } = member;
  const account = user === null ? null : refusalOf(() => assertMayBecome(resolveAccount(user)));
  if (account !== null) {
    const where = `${at}.user`;
    const hint = userHint('user');
    findings.push({ level: 'error', code: 'userUnusable', where, message: account, hint });
  }
  return findings;
}

function commandFindings(
  at: string,
  command: readonly string[],
  member: ResolvedMember,
): PreflightFinding[] {
  const env = { ...inheritedEnv(process.env), ...member.env };
  const message = refusalOf(() =>
    findExecutable(command[0] ?? '', member.cwd, env['PATH'] ?? '/usr/bin:/bin'),
  );
  if (message === null) return [];
  const hint = { en: 'install it, or use its full path', zh: '安装它，或写出完整路径' };
  return [{ level: 'error', code: 'binaryMissing', where: `${at}.command`, message, hint }];
}

function userHint(key: string): Text {
  return {
    en: `use an existing user and run hotwarm as root, or remove \`${key}\``,
    zh: `改用已有的用户并以 root 运行 hotwarm，或删除 \`${key}\``,
  };
}

/** The error of a driver's check; null: it passed. */
function refusalOf(check: () => void): Text | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof DriverError) return error.text;
    throw error;
  }
}
