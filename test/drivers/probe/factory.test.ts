import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createProbe } from '../../../src/drivers/probe/factory.ts';
import { answering, closedTarget, closePeers, listen, probeOnce, OK } from './support.ts';

afterEach(closePeers);

describe('createProbe', () => {
  it('makes a probe of each kind', async () => {
    const peer = await listen(answering(OK));
    const http = createProbe({ type: 'http', path: '/', expect: null }, peer.target, {});
    const tcp = createProbe({ type: 'tcp' }, peer.target, {});
    assert.deepEqual([http.channel, tcp.channel], ['http', 'tcp']);
    assert.deepEqual([await probeOnce(http), await probeOnce(tcp)], ['ok', 'ok']);
    await peer.close();
  });

  it('gives a command the target and its variables, but none of the agent’s secrets', async () => {
    process.env['HOTWARM_TOKEN'] = 'secret';
    const target = await closedTarget();
    const text = `test "$PORT" = ${target.port} -a "$COLOUR" = red -a -z "$HOTWARM_TOKEN" -a -n "$PATH"`;
    const probe = createProbe({ type: 'command', command: ['/bin/sh', '-c', text] }, target, {
      COLOUR: 'red',
    });
    assert.equal(await probeOnce(probe), 'ok');
    delete process.env['HOTWARM_TOKEN'];
  });
});
