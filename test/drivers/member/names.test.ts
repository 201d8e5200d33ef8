import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  memberCgroupName,
  memberFileName,
} from '../../../src/drivers/member/process/run-record.ts';
import { resolveAccount } from '../../../src/drivers/member/process/user.ts';
import { isFault } from './conformance.ts';

describe('the file name of a member', () => {
  it('is plain where the names are', () => {
    assert.equal(memberFileName('shop', 'b-2'), 'shop-b-2');
  });

  it('is one path component that no other member has', () => {
    const name = fc.string({
      minLength: 1,
      maxLength: 8,
      unit: fc.constantFrom('a', 'B', '-', '.', '/', '%', 'é'),
    });
    fc.assert(
      fc.property(name, name, name, name, (service, member, service2, member2) => {
        const file = memberFileName(service, member);
        assert.match(file, /^[A-Za-z0-9_%-]+$/);
        const same = service === service2 && member === member2;
        assert.equal(file === memberFileName(service2, member2), same);
      }),
    );
  });

  it('differs for the cgroup from one state directory to another', () => {
    const names = ['/a', '/b', '/a/'].map((dir) => memberCgroupName(dir, 'shop', 'a'));
    assert.notEqual(names[0], names[1]);
    assert.equal(names[0], names[2]);
  });
});

describe('the account of a member', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:www:/var/www:/bin/false\n';

  it('is found by name, number, or number with group', () => {
    const web = { name: 'web', uid: 33, gid: 34, home: '/var/www' };
    assert.deepEqual(resolveAccount('web', passwd), web);
    assert.deepEqual(resolveAccount('33', passwd), web);
    assert.deepEqual(resolveAccount('33:5', passwd), { ...web, gid: 5 });
    assert.deepEqual(resolveAccount('77:5', passwd), { name: null, uid: 77, gid: 5, home: null });
  });

  it('is not guessed', () => {
    for (const user of ['nobody', '77', '', 'web:34', '-1']) {
      assert.throws(
        () => resolveAccount(user, passwd),
        (error) => isFault(error, 'notFound'),
        user,
      );
    }
  });
});
