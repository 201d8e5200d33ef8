import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createTcpProbe } from '../../../src/drivers/probe/tcp.ts';
import { probeConformance } from './conformance.ts';
import { closedTarget, closePeers, listen, probeOnce } from './support.ts';

afterEach(closePeers);

probeConformance('tcp', async () => {
  const peer = await listen((socket) => socket.resume());
  return {
    healthy: createTcpProbe(peer.target),
    unhealthy: createTcpProbe(await closedTarget()),
    hung: null,
    dispose: () => peer.close(),
  };
});

describe('a tcp probe', () => {
  it('closes its connection', async () => {
    const closed = Promise.withResolvers<void>();
    const peer = await listen((socket) => {
      socket.resume();
      socket.on('close', () => closed.resolve());
    });
    assert.equal(await probeOnce(createTcpProbe(peer.target)), 'ok');
    await closed.promise;
    await peer.close();
  });

  it('tells a refused connection and an unreachable host', async () => {
    assert.equal(await probeOnce(createTcpProbe(await closedTarget())), 'refused');
    const nowhere = { host: '255.255.255.255', port: 80 };
    assert.equal(await probeOnce(createTcpProbe(nowhere)), 'unreachable');
  });

  it('takes a reset right after the accept for a reset or, if it comes too late, for no fault', async () => {
    const peer = await listen((socket) => socket.resetAndDestroy());
    assert.match(await probeOnce(createTcpProbe(peer.target)), /^(ok|reset)$/);
  });
});
