import { readFileSync } from 'node:fs';
import { DriverError } from '../../driver-error.ts';

// The account a member runs under. Read from /etc/passwd, so accounts of a directory service must be
// given by number.

export type Account = {
  readonly uid: number;
  readonly gid: number;
  /** null: a number that /etc/passwd does not know. */
  readonly name: string | null;
  readonly home: string | null;
};

/** user: a name, `uid` or `uid:gid`. Throws DriverError notFound. */
export function resolveAccount(
  user: string,
  passwd = readFileSync('/etc/passwd', 'utf8'),
): Account {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(user);
  const wantedUid = numbers?.[1] === undefined ? null : Number(numbers[1]);
  const wantedGid = numbers?.[2] === undefined ? null : Number(numbers[2]);
  const known = passwd
    .split('\n')
    .flatMap(parsePasswdLine)
    .find((account) => (wantedUid === null ? account.name === user : account.uid === wantedUid));
  if (known !== undefined) return wantedGid === null ? known : { ...known, gid: wantedGid };
  if (wantedUid !== null && wantedGid !== null) {
    return { uid: wantedUid, gid: wantedGid, name: null, home: null };
  }
  const isNumber = wantedUid !== null;
  throw new DriverError('notFound', {
    en: `user ${user} is not in /etc/passwd${isNumber ? '; use uid:gid for a number without an entry' : ''}`,
    zh: `用户 ${user} 不在 /etc/passwd 中${isNumber ? '；没有条目的编号请写作 uid:gid' : ''}`,
  });
}

/** Throws DriverError permission where this process may not become that account. */
export function assertMayBecome(account: Account): void {
  const own = process.geteuid?.() ?? 0;
  if (own === 0 || own === account.uid) return;
  const wanted = account.name ?? `${account.uid}`;
  throw new DriverError('permission', {
    en: `only root can start a member as user ${wanted}`,
    zh: `只有 root 能以用户 ${wanted} 启动成员`,
  });
}

function parsePasswdLine(line: string): readonly Account[] {
  const [name, , uid, gid, , home] = line.split(':');
  if (name === undefined || name === '' || uid === undefined || gid === undefined) return [];
  return [{ name, uid: Number(uid), gid: Number(gid), home: home ?? null }];
}
