import { connect } from 'node:net';
import { monotonicMs } from '../../clock.ts';
import type { ProbeAnswer } from '../../core/event.ts';
import type { Probe } from './contract.ts';
import { socketFault, timedOut } from './socket-fault.ts';
import type { ProbeTarget } from './spec.ts';

// One connection, opened and closed. It proves that something listens; as the kernel completes the handshake,
// it does not prove that the member still accepts: a hung one looks healthy until its backlog is full.

export function createTcpProbe(target: ProbeTarget): Probe {
  const open = new Set<() => void>();
  return {
    channel: 'tcp',
    check: ({ timeoutMs }) => probeOnce(target, timeoutMs, open),
    close: async () => open.forEach((abandon) => abandon()),
  };
}

function probeOnce(
  target: ProbeTarget,
  timeoutMs: number,
  open: Set<() => void>,
): Promise<ProbeAnswer> {
  const sentAt = monotonicMs();
  return new Promise((resolve) => {
    const socket = connect(target);
    const end = (answer: ProbeAnswer): void => {
      clearTimeout(timer);
      open.delete(abandon);
      socket.destroy();
      resolve(answer);
    };
    const abandon = (): void => end({ ok: false, fault: 'closed', detail: 'the probe was closed' });
    const timer = setTimeout(() => end(timedOut(timeoutMs)), timeoutMs);
    open.add(abandon);
    socket.on('error', (error) => end(socketFault(error)));
    socket.on('connect', () => {
      // Where nothing listens, a loopback connection may by chance get the target's port as its own and then
      // meets itself: once in some 28,000 attempts.
      const metItself = socket.localPort === socket.remotePort && isSameAddress(socket);
      end(metItself ? MET_ITSELF : { ok: true, latencyMs: monotonicMs() - sentAt });
    });
  });
}

const MET_ITSELF: ProbeAnswer = { ok: false, fault: 'refused', detail: 'nothing listens' };

function isSameAddress(socket: { localAddress?: string; remoteAddress?: string }): boolean {
  return socket.localAddress === socket.remoteAddress;
}
